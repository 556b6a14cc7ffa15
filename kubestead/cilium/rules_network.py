"""Rules about packets between nodes, pods' addresses, masquerading and pods' devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubestead.cilium.mtu import too_small
from kubestead.cilium.rule import REPLACE, Rule, kept, tunnel

if TYPE_CHECKING:
    from kubestead.spec import ClusterSpec


def _small_parts(spec: ClusterSpec) -> bool:
    return any(cidr.prefixlen > spec.pod_cidr_mask_size for cidr in spec.cilium_more_pod_cidrs)


def _host_stack(spec: ClusterSpec) -> bool:
    """Packets of pods go through the host's own network stack (in Cilium's words: legacy host routing)."""
    return kept(spec) or spec.cilium_masquerade == "iptables" or spec.cilium_encryption == "ipsec"


RULES: tuple[Rule, ...] = (
    Rule(
        "cilium_native_cidr", ("cilium_routing",),
        "is for native routing: with a tunnel it would leave real networks unmasqueraded",
        'leave it out, or write cilium_routing = "native"',
        lambda spec: tunnel(spec) and spec.cilium_native_cidr is not None,
    ),
    Rule(
        "cilium_native_cidr",
        ("cilium_routing", "cilium_masquerade", "pod_cidr", "cilium_more_pod_cidrs", "cilium_pools"),
        "does not hold every pod network: packets to pods outside of it would be masqueraded",
        "give a network that holds pod_cidr, cilium_more_pod_cidrs and cilium_pools",
        lambda spec: not tunnel(spec) and spec.cilium_masquerade != "off" and not all(
            network.subnet_of(spec.native_cidr) for network in spec.pod_networks
        ),
    ),
    Rule(
        "cilium_node_routes", ("cilium_routing", "cilium_bgp"),
        "is off, and no cilium_bgp tells routers of the pod networks: nothing leads there, unless they know already",
        "write cilium_node_routes = True, or peers under cilium_bgp",
        lambda spec: not tunnel(spec) and not spec.cilium_node_routes and not spec.cilium_bgp,
        severity="warning",
    ),
    Rule(
        "cilium_mtu", ("cilium_routing", "cilium_encryption", "ip_families"),
        "leaves pods less than the 576 bytes (with IPv6 1280) that every network must carry",
        "write the MTU of the nodes' links, or 0",
        too_small,
    ),
    Rule(
        "cilium_pools", ("cilium_ipam",), "are for multi-pool", 'write cilium_ipam = "multi-pool"',
        lambda spec: bool(spec.cilium_pools) and spec.cilium_ipam != "multi-pool",
    ),
    Rule(
        "cilium_more_pod_cidrs", ("cilium_ipam",),
        "are handed out by Cilium's operator, and here Kubernetes does it",
        'write cilium_ipam = "cluster-pool"',
        lambda spec: bool(spec.cilium_more_pod_cidrs) and spec.cilium_ipam == "kubernetes",
    ),
    Rule(
        "cilium_more_pod_cidrs", ("pod_cidr_mask_size",),
        "hold no node's part: one is smaller than pod_cidr_mask_size",
        "give networks of at least that size",
        _small_parts,
    ),
    Rule(
        "cilium_masquerade", ("kube_proxy",),
        "is a part of Cilium's own services, and kube-proxy serves them",
        f'{REPLACE}, or cilium_masquerade = "iptables"',
        lambda spec: spec.cilium_masquerade == "bpf" and kept(spec),
    ),
    Rule(
        "cilium_masquerade", ("cilium_ipam",),
        "knows one pod network per node, and with multi-pool a node has several",
        f'{REPLACE} and cilium_masquerade = "bpf"',
        lambda spec: spec.cilium_ipam == "multi-pool" and spec.cilium_masquerade == "iptables",
    ),
    Rule(
        "cilium_datapath", ("kube_proxy", "cilium_masquerade", "cilium_encryption"),
        "needs the way past the host's own network stack, which kube-proxy, iptables and IPsec bar",
        f'{REPLACE} and cilium_masquerade = "bpf", without ipsec; or cilium_datapath = "veth"',
        lambda spec: spec.cilium_datapath != "veth" and _host_stack(spec),
    ),
    Rule(
        "cilium_bandwidth_manager", ("kube_proxy", "cilium_masquerade"),
        "needs the way past the host's own network stack, and kube-proxy or iptables bars it",
        f'{REPLACE} and cilium_masquerade = "bpf", or cilium_bandwidth_manager = "on"',
        lambda spec: spec.cilium_bandwidth_manager == "bbr" and (kept(spec) or spec.cilium_masquerade == "iptables"),
    ),
    Rule(
        "cilium_bandwidth_manager", ("cilium_encryption",), "switches itself off with IPsec",
        'write cilium_bandwidth_manager = "off", or cilium_encryption = "wireguard"',
        lambda spec: spec.cilium_bandwidth_manager != "off" and spec.cilium_encryption == "ipsec",
    ),
    Rule(
        "pod_cidr_v6_mask_size", ("ip_families", "pod_cidr_v6"),
        "must be up to 16 bits longer than pod_cidr_v6's prefix",
        "write pod_cidr_v6_mask_size = 64 and a pod_cidr_v6 of /48 to /64",
        lambda spec: spec.dual and not 0 <= spec.pod_cidr_v6_mask_size - spec.pod_cidr_v6.prefixlen <= 16,
    ),
    Rule(
        "service_cidr_v6", ("ip_families", "pod_cidr_v6"), "meets pod_cidr_v6", "take another network from fd00::/8",
        lambda spec: spec.dual and spec.service_cidr_v6.overlaps(spec.pod_cidr_v6),
    ),
    Rule(
        "ip_families", ("cilium_ipam",), "is 'dual', and the pools of multi-pool are IPv4 here",
        'write ip_families = "ipv4", or cilium_ipam = "cluster-pool"',
        lambda spec: spec.dual and spec.cilium_ipam == "multi-pool",
    ),
)  # fmt: skip
