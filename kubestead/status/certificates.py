"""Days left of the certificates that can be seen without SSH."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from kubernetes.client.configuration import Configuration
from prometheus_client.parser import text_string_to_metric_families

from kubestead.diagnose import certificates
from kubestead.errors import KubesteadError
from kubestead.status.model import Certificate

DAY = 86400.0
# Seconds; the API itself was asked before and has answered or not.
_TIMEOUT = 5
# Of the kubelet: until its client certificate ends, in seconds. Source: kubernetes, pkg/kubelet/certificate/kubelet.go.
_KUBELET = "kubelet_certificate_manager_client_ttl_seconds"


def of_server(url: str, now: float) -> Certificate:
    """The API server's own, as it shows it to everybody who connects.

    Args:
        url: as in a kubeconfig, ``https://192.168.1.187:6443``.
        now: seconds since 1970.

    Raises:
        KubesteadError: it shows none.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise KubesteadError(f"{url} is not reached by TLS")
    # What it shows is looked at, not trusted: the requests themselves check it against the kubeconfig's CA.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    address = (parts.hostname, parts.port or 443)
    try:
        with (
            socket.create_connection(address, _TIMEOUT) as connection,
            context.wrap_socket(connection, server_hostname=parts.hostname) as secured,
        ):
            shown = secured.getpeercert(binary_form=True)
    except (OSError, ValueError) as error:
        raise KubesteadError(f"{parts.netloc} shows no certificate ({error})") from error
    return _certificate("API server", ssl.DER_cert_to_PEM_cert(shown or b""), now)


def of_kubeconfig(configuration: Configuration, now: float) -> list[Certificate]:
    """The kubeconfig's own client certificate and the cluster's CA in it, where it has them.

    Raises:
        KubesteadError: one cannot be read.
    """
    found = []
    for name, path in (("kubeconfig", configuration.cert_file), ("cluster CA", configuration.ssl_ca_cert)):
        if path:
            try:
                found.append(_certificate(name, Path(path).read_text(), now))
            except OSError as error:
                raise KubesteadError(f"{path}: cannot be read ({error.strerror})") from error
    return found


def kubelet_days(metrics: str) -> float | None:
    """Days left of a kubelet's client certificate by its metrics; None where it does not say.

    Raises:
        ValueError: the text is no metrics.
    """
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            # A kubelet without rotation says infinity.
            if sample.name == _KUBELET and sample.value < float("inf"):
                return float(sample.value) / DAY
    return None


def _certificate(name: str, pem: str, now: float) -> Certificate:
    found = certificates.read(pem)
    if not found:
        raise KubesteadError(f"the {name}'s certificate cannot be read")
    # Of a bundle, the one that ends last: that of a CA that is being replaced.
    return Certificate(name, -min(certificates.ended(one, now) for one in found) / DAY)
