"""What kube-proxy left on a host."""

from __future__ import annotations

from pyinfra.api import FactBase

# kube-proxy's chains by the names of its releases 1.31 to 1.33 (pkg/proxy/iptables); KUBE-FIREWALL, KUBE-KUBELET-CANARY
# and KUBE-IPTABLES-HINT are the kubelet's own.
CHAINS = (
    "KUBE-(SERVICES|EXTERNAL-SERVICES|NODEPORTS|POSTROUTING|MARK-MASQ|FORWARD|PROXY-FIREWALL|PROXY-CANARY|"
    "(SVC|SVL|FW|EXT|SEP)-[A-Z0-9]+)"
)


class KubeProxyRules(FactBase[int]):
    """How many chains of kube-proxy's are on the host, in iptables of both kinds, and tables of its own in nftables."""

    @staticmethod
    def default() -> int:
        return 0

    def command(self) -> str:
        return (
            "{ for kind in iptables-nft iptables-legacy ip6tables-nft ip6tables-legacy; do "
            f"$kind-save 2>/dev/null | grep -E '^:{CHAINS} '; done; "
            "nft list tables 2>/dev/null | grep -E ' kube-proxy$'; } | wc -l"
        )

    def process(self, output: list[str]) -> int:
        return int(output[0])
