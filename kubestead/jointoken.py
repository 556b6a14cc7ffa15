"""What a node needs to join: a short-lived token and the CA's fingerprint. Pure."""

from __future__ import annotations

import hashlib
import secrets
import string
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_ALPHABET = string.ascii_lowercase + string.digits


@dataclass(frozen=True)
class JoinMaterial:
    """A bootstrap token and the pin of the cluster's CA; its repr shows no secret."""

    token: str = field(repr=False)
    ca_cert_hash: str

    @property
    def token_id(self) -> str:
        """The token's public half, by which it is deleted."""
        return self.token.partition(".")[0]


def new_token() -> str:
    """A bootstrap token of kubeadm's form, ``[a-z0-9]{6}.[a-z0-9]{16}``, from the system's random source."""
    return ".".join("".join(secrets.choice(_ALPHABET) for _ in range(length)) for length in (6, 16))


def ca_cert_hash(certificate: str) -> str:
    """kubeadm's pin of a PEM certificate: ``sha256:`` and the digest of its public key (kubeadm join reference)."""
    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    return "sha256:" + hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
