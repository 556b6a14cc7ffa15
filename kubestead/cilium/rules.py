"""Which of Cilium's choices contradict each other, why, and what to write instead.

The agent ends with an error for some of these, and passes over others without a word: then the cluster lacks what was
chosen. Sources are the checks of Cilium 1.18.4 itself (its option package, its kube-proxy replacement) and its docs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kubestead.errors import Finding
from kubestead.spec import ClusterSpec

Broken = Callable[[ClusterSpec], bool]


@dataclass(frozen=True)
class Rule:
    """Two choices that do not go together.

    Args:
        key: the spec's key that is refused.
        others: the keys it is refused for.
        reason: a sentence without a full stop.
        fix: what to write.
        broken: whether a spec breaks it.
    """

    key: str
    others: tuple[str, ...]
    reason: str
    fix: str
    broken: Broken


def contradictions(spec: ClusterSpec) -> Iterator[Finding]:
    """Every rule the spec breaks."""
    for rule in RULES:
        if rule.broken(spec):
            yield Finding(rule.key, rule.reason, rule.fix, value=getattr(spec, rule.key))


def _tunnel(spec: ClusterSpec) -> bool:
    return spec.cilium_routing != "native"


def _kept(spec: ClusterSpec) -> bool:
    return spec.kube_proxy == "keep"


def _straight(spec: ClusterSpec) -> bool:
    return spec.cilium_lb_mode != "snat"


def _host_stack(spec: ClusterSpec) -> bool:
    """Packets of pods go through the host's own network stack (in Cilium's words: legacy host routing)."""
    return _kept(spec) or spec.cilium_masquerade == "iptables" or spec.cilium_encryption == "ipsec"


REPLACE = "write kube_proxy = 'replace'"
ROUTING = ("cilium_routing",)
SERVICES = ("kube_proxy",)

RULES: tuple[Rule, ...] = (
    Rule(
        "cilium_native_cidr", ROUTING, "is for native routing: with a tunnel it would leave real networks unmasqueraded",
        "leave it out, or write cilium_routing = 'native'",
        lambda spec: _tunnel(spec) and spec.cilium_native_cidr is not None,
    ),
    Rule(
        "cilium_native_cidr", ("pod_cidr", "cilium_more_pod_cidrs", "cilium_pools"),
        "does not hold every pod network: what lies outside would be masqueraded between nodes",
        "give a network that holds pod_cidr and all others",
        lambda spec: not _tunnel(spec) and not all(
            network.subnet_of(spec.native_cidr) for network in spec.pod_networks
        ),
    ),
    Rule(
        "cilium_node_routes", ("cilium_routing", "cilium_bgp"),
        "is off, and no BGP tells the nodes' pod networks to a router: nothing leads there",
        "write cilium_node_routes = True, or peers under cilium_bgp",
        lambda spec: not _tunnel(spec) and not spec.cilium_node_routes and not spec.cilium_bgp,
    ),
    Rule(
        "cilium_masquerade", SERVICES, "is 'bpf', which is a part of Cilium's own services, and kube-proxy serves them",
        f"{REPLACE}, or cilium_masquerade = 'iptables'",
        lambda spec: spec.cilium_masquerade == "bpf" and _kept(spec),
    ),
    Rule(
        "cilium_masquerade", ("cilium_ipam",),
        "is 'iptables', which knows one pod network per node, and with multi-pool a node has several",
        f"write cilium_masquerade = 'bpf' and {REPLACE.removeprefix('write ')}",
        lambda spec: spec.cilium_ipam == "multi-pool" and spec.cilium_masquerade == "iptables",
    ),
    Rule(
        "cilium_api_servers", SERVICES, "is for a cluster without kube-proxy", f"leave it out, or {REPLACE}",
        lambda spec: bool(spec.cilium_api_servers) and _kept(spec),
    ),
    Rule(
        "cilium_lb_mode", SERVICES, "is passed over without a word while kube-proxy serves services", REPLACE,
        lambda spec: _straight(spec) and _kept(spec),
    ),
    Rule(
        "cilium_lb_algorithm", SERVICES, "is passed over without a word while kube-proxy serves services", REPLACE,
        lambda spec: spec.cilium_lb_algorithm != "random" and _kept(spec),
    ),
    Rule(
        "cilium_lb_mode", ROUTING, "cannot be told through a VXLAN tunnel",
        "write cilium_routing = 'native', or 'geneve' for both cilium_routing and cilium_lb_dispatch",
        lambda spec: _straight(spec) and spec.cilium_routing == "vxlan",
    ),
    Rule(
        "cilium_lb_dispatch", ("cilium_routing", "cilium_lb_mode"), "must be 'geneve' where packets go through Geneve",
        "write cilium_lb_dispatch = 'geneve'",
        lambda spec: _straight(spec) and spec.cilium_routing == "geneve" and spec.cilium_lb_dispatch != "geneve",
    ),
    Rule(
        "cilium_lb_dispatch", ("cilium_lb_mode",), "means something for 'dsr' and 'hybrid' only",
        "leave it out, or write cilium_lb_mode = 'dsr'",
        lambda spec: spec.cilium_lb_dispatch != "opt" and not _straight(spec),
    ),
    Rule(
        "cilium_datapath", ("kube_proxy", "cilium_masquerade", "cilium_encryption"),
        "needs the way past the host's own network stack, which kube-proxy, iptables and IPsec bar",
        f"{REPLACE}, cilium_masquerade = 'bpf', and no ipsec; or cilium_datapath = 'veth'",
        lambda spec: spec.cilium_datapath != "veth" and _host_stack(spec),
    ),
    Rule(
        "cilium_bandwidth_manager", ("kube_proxy", "cilium_masquerade"),
        "is 'bbr', which needs the way past the host's own network stack, and kube-proxy or iptables bars it",
        f"{REPLACE} and cilium_masquerade = 'bpf', or cilium_bandwidth_manager = 'on'",
        lambda spec: spec.cilium_bandwidth_manager == "bbr" and _host_stack(spec),
    ),
    Rule(
        "cilium_bandwidth_manager", ("cilium_encryption",), "switches itself off with IPsec",
        "write cilium_bandwidth_manager = 'off', or cilium_encryption = 'wireguard'",
        lambda spec: spec.cilium_bandwidth_manager != "off" and spec.cilium_encryption == "ipsec",
    ),
    Rule(
        "cilium_encrypt_nodes", ("cilium_encryption",), "is WireGuard's", "write cilium_encryption = 'wireguard'",
        lambda spec: spec.cilium_encrypt_nodes and spec.cilium_encryption != "wireguard",
    ),
    Rule(
        "cilium_host_firewall", ("cilium_encryption",), "is refused by the agent together with IPsec",
        "write cilium_encryption = 'wireguard', or leave one of them out",
        lambda spec: spec.cilium_host_firewall and spec.cilium_encryption == "ipsec",
    ),
    Rule(
        "cilium_encryption", ("cilium_ipam", "cilium_routing"), "is 'ipsec', which with multi-pool works in a tunnel only",
        "write cilium_routing = 'vxlan', or cilium_encryption = 'wireguard'",
        lambda spec: spec.cilium_encryption == "ipsec" and spec.cilium_ipam == "multi-pool" and not _tunnel(spec),
    ),
    Rule(
        "cilium_pools", ("cilium_ipam",), "are for multi-pool", "write cilium_ipam = 'multi-pool'",
        lambda spec: bool(spec.cilium_pools) and spec.cilium_ipam != "multi-pool",
    ),
    Rule(
        "cilium_more_pod_cidrs", ("cilium_ipam",), "are handed out by Cilium's operator, and here by Kubernetes",
        "write cilium_ipam = 'cluster-pool'",
        lambda spec: bool(spec.cilium_more_pod_cidrs) and spec.cilium_ipam == "kubernetes",
    ),
    Rule(
        "cilium_l2_announcements", SERVICES, "would answer for addresses that Cilium does not serve", REPLACE,
        lambda spec: bool(spec.cilium_l2_announcements) and _kept(spec),
    ),
    Rule(
        "cilium_lb_pools", ("cilium_l2_announcements", "cilium_bgp"), "would be given and told to nobody",
        "add cilium_l2_announcements or cilium_bgp",
        lambda spec: bool(spec.cilium_lb_pools) and not (spec.cilium_l2_announcements or spec.cilium_bgp),
    ),
    *(
        Rule(
            key, SERVICES, "is never started while kube-proxy serves services, with a warning in the operator's log",
            REPLACE, lambda spec, key=key: getattr(spec, key) and _kept(spec),
        )
        for key in ("cilium_ingress", "cilium_gateway_api")
    ),
    *(
        Rule(
            key, ("cilium_l7_proxy", "cilium_envoy"), "is Envoy's work", "write cilium_l7_proxy = True and cilium_envoy = True",
            lambda spec, key=key: getattr(spec, key) and not (spec.cilium_l7_proxy and spec.cilium_envoy),
        )
        for key in ("cilium_ingress", "cilium_gateway_api")
    ),
    Rule(
        "cilium_envoy", ("cilium_l7_proxy",), "is not installed without the L7 proxy", "write cilium_l7_proxy = True",
        lambda spec: spec.cilium_envoy and not spec.cilium_l7_proxy,
    ),
    Rule(
        "hubble_ui", ("hubble", "hubble_relay"), "asks the relay", "write hubble = True and hubble_relay = True",
        lambda spec: spec.hubble_ui and not (spec.hubble and spec.hubble_relay),
    ),
    Rule(
        "hubble_metrics", ("hubble",), "count flows, which only Hubble sees", "write hubble = True",
        lambda spec: bool(spec.hubble_metrics) and not spec.hubble,
    ),
    Rule(
        "hubble_metrics", ("cilium_l7_proxy",), "name flows only the L7 proxy sees ('httpV2', 'kafka')",
        "write cilium_l7_proxy = True, or leave them out",
        lambda spec: bool({"httpV2", "kafka"}.intersection(spec.hubble_metrics)) and not spec.cilium_l7_proxy,
    ),
    Rule(
        "cilium_mutual_authentication", ("cilium_cluster_id",), "has no trust between the clusters of a mesh",
        "write cilium_cluster_id = 0, or leave it out",
        lambda spec: spec.cilium_mutual_authentication and spec.cilium_cluster_id != 0,
    ),
    Rule(
        "cluster_name", ("cilium_cluster_id",), "is reserved in a mesh", "take another name than 'default'",
        lambda spec: spec.cilium_cluster_id != 0 and spec.cluster_name == "default",
    ),
)  # fmt: skip
