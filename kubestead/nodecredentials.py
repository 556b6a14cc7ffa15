"""A kubelet's kubeconfig as kubeadm makes it: checked, taken apart, and pointed at the certificate on disk. Pure."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import yaml
from cryptography import x509
from cryptography.exceptions import InvalidSignature

# Where the kubelet keeps the client certificate it renews itself.
CURRENT = "/var/lib/kubelet/pki/kubelet-client-current.pem"


@dataclass(frozen=True)
class Credentials:
    """What a node's kubelet needs to talk to the API; its repr shows no secret.

    Args:
        kubeconfig: the whole file, with the private key.
        ca: the cluster's CA certificate, PEM.
        certificate: the client certificate, PEM.
        expires: when that certificate ends.
        pointing: the same kubeconfig without any secret, pointing at :data:`CURRENT`.
    """

    kubeconfig: str = field(repr=False)
    ca: str = field(repr=False)
    certificate: str = field(repr=False)
    expires: datetime
    pointing: str = field(repr=False)


def read_credentials(kubeconfig: str, node: str) -> Credentials:
    """Take a kubeconfig that was made for ``node`` apart.

    Raises:
        ValueError: it is not one for that node; the text holds no secret.
    """
    try:
        config: dict[str, Any] = yaml.safe_load(kubeconfig)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
        certificate = base64.b64decode(user["client-certificate-data"]).decode()
        missing = [] if user["client-key-data"] else ["the key"]
        x509.load_pem_x509_certificate(ca.encode())
        parsed = x509.load_pem_x509_certificate(certificate.encode())
    except (yaml.YAMLError, KeyError, IndexError, TypeError, ValueError, binascii.Error):
        # Not chained: a parser's message may quote what it parsed.
        raise ValueError("what kubeadm made is no kubeconfig with a CA, a certificate and a key") from None
    names = [str(name.value) for name in parsed.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
    if missing or names != [f"system:node:{node}"]:
        raise ValueError(f"what kubeadm made is for {', '.join(names) or 'nobody'}, not for system:node:{node}")
    pointing = {**config, "users": [{"name": config["users"][0]["name"], "user": _on_disk()}]}
    return Credentials(kubeconfig, ca, certificate, expiry(parsed), yaml.safe_dump(pointing, sort_keys=True))


def expiry(certificate: x509.Certificate) -> datetime:
    """When a certificate ends."""
    return certificate.not_valid_after_utc.astimezone(timezone.utc)


def fault(certificate: str | None, ca: str | None, cluster_ca: str, now: datetime) -> str | None:
    """What is wrong with a node's credentials, one sentence without a full stop; None where nothing is.

    Args:
        certificate: the kubelet's client certificate, PEM; None where there is none.
        ca: the CA certificate the node trusts, PEM; None where there is none.
        cluster_ca: the cluster's own.
        now: the time it is, by a clock that can be trusted.
    """
    if ca is None or ca.strip() != cluster_ca.strip():
        return "the node trusts another CA than its cluster's" if ca else "the node has no CA certificate"
    if certificate is None:
        return "the kubelet has no client certificate"
    try:
        parsed = x509.load_pem_x509_certificate(certificate.encode())
        parsed.verify_directly_issued_by(x509.load_pem_x509_certificate(cluster_ca.encode()))
    except (ValueError, TypeError):
        return "the kubelet's client certificate cannot be read"
    except InvalidSignature:
        return "the kubelet's client certificate is not of this cluster's CA"
    return f"the kubelet's client certificate expired on {expiry(parsed):%Y-%m-%d}" if expiry(parsed) <= now else None


def _on_disk() -> dict[str, str]:
    return {"client-certificate": CURRENT, "client-key": CURRENT}
