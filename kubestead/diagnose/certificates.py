"""Certificates as PEM text: what they say, and who signed them."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import NameOID


def read(pem: str | None) -> tuple[x509.Certificate, ...]:
    """All certificates in a PEM text; empty where there is none that can be read."""
    try:
        return tuple(x509.load_pem_x509_certificates((pem or "").encode()))
    except ValueError:
        return ()


def same(one: Sequence[x509.Certificate], other: Sequence[x509.Certificate]) -> bool:
    """Whether the two bundles have a certificate in common: while a CA is replaced, a bundle holds the old and new."""
    return bool(set(one) & set(other))


def signed_by(certificate: x509.Certificate, authorities: Sequence[x509.Certificate]) -> bool:
    """Whether one of ``authorities`` signed it."""
    for authority in authorities:
        try:
            certificate.verify_directly_issued_by(authority)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return True
    return False


def ended(certificate: x509.Certificate, now: float) -> float:
    """Seconds since it expired at ``now`` (seconds since 1970); negative while it is valid."""
    return now - certificate.not_valid_after_utc.timestamp()


def not_yet(certificate: x509.Certificate, now: float) -> bool:
    """Whether its time has not come."""
    return certificate.not_valid_before_utc.timestamp() > now


def day(certificate: x509.Certificate) -> str:
    """When it expires, ``2025-11-22 10:00 UTC``."""
    return f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"


def subject(certificate: x509.Certificate) -> tuple[str, tuple[str, ...]]:
    """Its common name and its organisations: to the API, the user and the groups."""
    names = [str(item.value) for item in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    groups = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return (names or [""])[0], tuple(str(item.value) for item in groups)
