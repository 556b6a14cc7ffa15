"""What the kernel can do, from /proc/filesystems, its modules and its build configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_MODULE_OPTIONS = {
    "overlay": "CONFIG_OVERLAY_FS",
    "br_netfilter": "CONFIG_BRIDGE_NETFILTER",
    "vxlan": "CONFIG_VXLAN",
    "geneve": "CONFIG_GENEVE",
    "wireguard": "CONFIG_WIREGUARD",
    "sch_fq": "CONFIG_NET_SCH_FQ",
    "esp4": "CONFIG_INET_ESP",
}
_BUILT_IN_OPTIONS = {
    "bpf": ("CONFIG_BPF_SYSCALL",),
    "bpf jit": ("CONFIG_BPF_JIT",),
    "cgroup bpf": ("CONFIG_CGROUP_BPF",),
    "tc bpf": ("CONFIG_NET_CLS_BPF", "CONFIG_NET_CLS_ACT", "CONFIG_NET_SCH_INGRESS"),
    "netkit": ("CONFIG_NETKIT",),
}


def kernel_features(parts: Mapping[str, Sequence[str]]) -> dict[str, bool | None]:
    """Each feature's presence; None where neither the modules nor a readable build configuration tell.

    The BPF options are those of https://docs.cilium.io/en/v1.18/operations/system_requirements/ (base requirements).
    """
    filesystems = {line.split()[-1] for line in parts.get("filesystems", []) if line.strip()}
    modules = dict(line.partition("=")[::2] for line in parts.get("modules", []))
    config = _configuration(parts.get("kernel-config", []))
    features: dict[str, bool | None] = {}
    for name, option in _MODULE_OPTIONS.items():
        if name in filesystems or modules.get(name) in ("loaded", "available"):
            features[name] = True
        else:
            # Built as a module that modprobe cannot find: its package (linux-modules-extra) is not installed.
            features[name] = None if config is None else config.get(option) == "y"
    for name, options in _BUILT_IN_OPTIONS.items():
        features[name] = None if config is None else all(option in config for option in options)
    if "bpf" in filesystems:
        features["bpf"] = True
    return features


def _configuration(lines: Sequence[str]) -> dict[str, str] | None:
    """The options that are on; None when the configuration could not be read to its end."""
    if not lines or lines[-1] != "end":
        return None
    return dict(line.partition("=")[::2] for line in lines[:-1])
