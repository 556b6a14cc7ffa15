"""The kernel modules a host finds: the machine's own folder, or a list of what is built in where there is none.

Hosts share the machine's kernel and load nothing. On a kernel without loadable modules ``modprobe overlay`` would fail
for want of a folder, although overlay is there; ``modules.builtin``, made from the kernel's own configuration, makes it
succeed for what is built in and still fail for what is not (modprobe(8), modules.builtin in kbuild's documentation).
"""

from __future__ import annotations

import gzip
import os
from pathlib import Path

from kubestead.errors import KubesteadError
from kubestead.twin.process import run

_MODULES = Path("/lib/modules")
_CONFIG = Path("/proc/config.gz")

# Kernel option -> module path below kernel/, for the modules kubeadm, kube-proxy and Cilium ask for.
OPTIONS = {
    "CONFIG_OVERLAY_FS": "fs/overlayfs/overlay",
    "CONFIG_BRIDGE": "net/bridge/bridge",
    "CONFIG_BRIDGE_NETFILTER": "net/bridge/br_netfilter",
    "CONFIG_VXLAN": "drivers/net/vxlan/vxlan",
    "CONFIG_GENEVE": "drivers/net/geneve",
    "CONFIG_VETH": "drivers/net/veth",
    "CONFIG_DUMMY": "drivers/net/dummy",
    "CONFIG_WIREGUARD": "drivers/net/wireguard/wireguard",
    "CONFIG_NF_CONNTRACK": "net/netfilter/nf_conntrack",
    "CONFIG_NF_NAT": "net/netfilter/nf_nat",
    "CONFIG_NF_TABLES": "net/netfilter/nf_tables",
    "CONFIG_IP_SET": "net/netfilter/ipset/ip_set",
    "CONFIG_IP_SET_HASH_IP": "net/netfilter/ipset/ip_set_hash_ip",
    "CONFIG_IP_VS": "net/netfilter/ipvs/ip_vs",
    "CONFIG_IP_VS_RR": "net/netfilter/ipvs/ip_vs_rr",
    "CONFIG_IP_VS_WRR": "net/netfilter/ipvs/ip_vs_wrr",
    "CONFIG_IP_VS_SH": "net/netfilter/ipvs/ip_vs_sh",
    "CONFIG_IP_NF_IPTABLES": "net/ipv4/netfilter/ip_tables",
    "CONFIG_IP_NF_FILTER": "net/ipv4/netfilter/iptable_filter",
    "CONFIG_IP_NF_MANGLE": "net/ipv4/netfilter/iptable_mangle",
    "CONFIG_IP_NF_NAT": "net/ipv4/netfilter/iptable_nat",
    "CONFIG_IP_NF_RAW": "net/ipv4/netfilter/iptable_raw",
    "CONFIG_IP6_NF_IPTABLES": "net/ipv6/netfilter/ip6_tables",
    "CONFIG_IP6_NF_FILTER": "net/ipv6/netfilter/ip6table_filter",
    "CONFIG_IP6_NF_MANGLE": "net/ipv6/netfilter/ip6table_mangle",
    "CONFIG_IP6_NF_RAW": "net/ipv6/netfilter/ip6table_raw",
    "CONFIG_NETFILTER_XTABLES": "net/netfilter/x_tables",
    "CONFIG_NETFILTER_XT_SET": "net/netfilter/xt_set",
    "CONFIG_NETFILTER_XT_MARK": "net/netfilter/xt_mark",
    "CONFIG_NETFILTER_XT_TARGET_CT": "net/netfilter/xt_CT",
    "CONFIG_NETFILTER_XT_TARGET_TPROXY": "net/netfilter/xt_TPROXY",
    "CONFIG_NETFILTER_XT_MATCH_COMMENT": "net/netfilter/xt_comment",
    "CONFIG_NETFILTER_XT_MATCH_CONNTRACK": "net/netfilter/xt_conntrack",
    "CONFIG_NETFILTER_XT_MATCH_SOCKET": "net/netfilter/xt_socket",
    "CONFIG_NET_CLS_BPF": "net/sched/cls_bpf",
    "CONFIG_NET_SCH_INGRESS": "net/sched/sch_ingress",
    "CONFIG_NET_SCH_FQ": "net/sched/sch_fq",
    "CONFIG_XFRM_USER": "net/xfrm/xfrm_user",
}


def builtin(config: str) -> list[str]:
    """The lines of ``modules.builtin`` for a kernel configuration's text."""
    enabled = {line.removesuffix("=y") for line in config.splitlines() if line.endswith("=y")}
    return [f"kernel/{path}.ko" for option, path in OPTIONS.items() if option in enabled]


def ensure(folder: Path) -> Path:
    """The folder to show hosts as ``/usr/lib/modules``: the machine's, or one written to ``folder``.

    Raises:
        KubesteadError: the machine has neither a modules folder nor a readable kernel configuration.
    """
    release = os.uname().release
    if (_MODULES / release).is_dir():
        return _MODULES
    if not _CONFIG.exists():
        raise KubesteadError(
            f"{_MODULES / release}: missing, and so is {_CONFIG}; install this kernel's modules package"
        )
    made = folder / "lib/modules" / release
    if not (made / "modules.builtin.bin").is_file():
        made.mkdir(parents=True, exist_ok=True)
        (made / "modules.builtin").write_text("\n".join(builtin(gzip.decompress(_CONFIG.read_bytes()).decode())) + "\n")
        (made / "modules.order").write_text("")
        run(["depmod", "--basedir", str(folder), release], fix="install kmod")
    return folder / "lib/modules"
