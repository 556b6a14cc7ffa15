"""How large pods' packets to other nodes may be. Pure. The numbers are those of Cilium 1.18's pkg/mtu."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubestead.spec import ClusterSpec

TUNNEL = 50
ENCRYPTION = {"none": 0, "wireguard": 80, "ipsec": 77}
# What every link must carry by RFC 791 and RFC 8200.
LEAST = {"ipv4": 576, "dual": 1280}


def overhead(spec: ClusterSpec) -> int:
    """The bytes of a packet between nodes that are not the pod's: the tunnel's over IPv4, and the encryption's."""
    return (TUNNEL if spec.cilium_routing != "native" else 0) + ENCRYPTION[spec.cilium_encryption]


def pod_mtu(spec: ClusterSpec, link: int) -> int:
    """The largest packet of a pod, in bytes, over links of this MTU."""
    return link - overhead(spec)


def too_small(spec: ClusterSpec) -> bool:
    """``cilium_mtu`` leaves pods less than the least a network must carry."""
    return bool(spec.cilium_mtu) and pod_mtu(spec, spec.cilium_mtu) < LEAST[spec.ip_families]
