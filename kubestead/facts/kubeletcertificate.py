"""Facts about the certificate a kubelet shows the API."""

from __future__ import annotations

from pyinfra.api import FactBase

KUBELET_CONF = "/etc/kubernetes/kubelet.conf"


class KubeletCertificate(FactBase[str | None]):
    """The client certificate the kubelet's kubeconfig names or holds, PEM and without its key; None where none is."""

    @staticmethod
    def default() -> None:
        return None

    def command(self) -> str:
        # The kubelet's own file holds the key beside it.
        return f"""path=$(sed -n 's/^ *client-certificate: *//p' {KUBELET_CONF} 2>/dev/null | tr -d "\\"'")
if [ -n "$path" ]; then sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p' "$path" 2>/dev/null
else sed -n 's/^ *client-certificate-data: *//p' {KUBELET_CONF} 2>/dev/null | base64 -d 2>/dev/null; fi; true"""

    def process(self, output: list[str]) -> str | None:
        return "\n".join(output).strip() or None
