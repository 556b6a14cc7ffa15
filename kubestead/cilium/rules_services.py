"""Rules about services: who serves them, how answers go back, and how others learn of their addresses."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from kubestead.cilium.rule import REPLACE, Rule, extra, kept, straight

if TYPE_CHECKING:
    from kubestead.spec import ClusterSpec
    from kubestead.spec.ciliumnetworks import BgpInstance

UNHEARD = "is passed over without a word while kube-proxy serves services"
GATES = (("cilium_ingress", "ingressController"), ("cilium_gateway_api", "gatewayAPI"))


def _gate(key: str, value: str) -> tuple[Rule, ...]:
    """The rules of what lets traffic in by HTTP; ``value`` is its mapping in the chart's values."""

    def chosen(spec: ClusterSpec) -> bool:
        return bool(getattr(spec, key))

    return (
        Rule(
            key, ("kube_proxy",),
            "is never started while kube-proxy serves services; only the operator's log would say so", REPLACE,
            lambda spec: chosen(spec) and kept(spec),
        ),
        Rule(
            key, ("cilium_l7_proxy", "cilium_envoy"), "is Envoy's work",
            "write cilium_l7_proxy = True and cilium_envoy = True",
            lambda spec: chosen(spec) and not (spec.cilium_l7_proxy and spec.cilium_envoy),
        ),
        Rule(
            key, ("cilium_lb_pools", "cilium_extra_values"),
            "takes addresses of services of type LoadBalancer, and there is no pool of them: they stay pending, unless "
            "somebody else gives them",
            "add cilium_lb_pools",
            lambda spec: chosen(spec) and not spec.cilium_lb_pools and not extra(spec, f"{value}.hostNetwork.enabled"),
            severity="warning",
        ),
    )  # fmt: skip


def _overlap(one: BgpInstance, other: BgpInstance) -> bool:
    """Whether two instances are for the same nodes for certain: labels that differ may be on one node, too."""
    return not one.nodes or not other.nodes or one.nodes == other.nodes


RULES: tuple[Rule, ...] = (
    Rule(
        "cilium_api_servers", ("kube_proxy",), "is for a cluster without kube-proxy", f"leave it out, or {REPLACE}",
        lambda spec: bool(spec.cilium_api_servers) and kept(spec),
    ),
    Rule(
        "cilium_lb_mode", ("kube_proxy",), UNHEARD, f'{REPLACE}, or cilium_lb_mode = "snat"',
        lambda spec: straight(spec) and kept(spec),
    ),
    Rule(
        "cilium_lb_algorithm", ("kube_proxy",), UNHEARD, f'{REPLACE}, or cilium_lb_algorithm = "random"',
        lambda spec: spec.cilium_lb_algorithm != "random" and kept(spec),
    ),
    Rule(
        "cilium_lb_mode", ("cilium_routing",), "cannot be told through a VXLAN tunnel",
        'write cilium_routing = "native", or "geneve" for both cilium_routing and cilium_lb_dispatch',
        lambda spec: straight(spec) and spec.cilium_routing == "vxlan",
    ),
    Rule(
        "cilium_lb_dispatch", ("cilium_routing", "cilium_lb_mode"), "must be 'geneve' where packets go through Geneve",
        'write cilium_lb_dispatch = "geneve"',
        lambda spec: straight(spec) and spec.cilium_routing == "geneve" and spec.cilium_lb_dispatch != "geneve",
    ),
    Rule(
        "cilium_lb_dispatch", ("cilium_lb_mode",), "means something for 'dsr' and 'hybrid' only",
        'leave it out, or write cilium_lb_mode = "dsr"',
        lambda spec: spec.cilium_lb_dispatch != "opt" and not straight(spec),
    ),
    Rule(
        "cilium_l2_announcements", ("kube_proxy",), "would answer for addresses that Cilium does not serve", REPLACE,
        lambda spec: bool(spec.cilium_l2_announcements) and kept(spec),
    ),
    Rule(
        "cilium_lb_pools", ("cilium_l2_announcements", "cilium_bgp"),
        "would be given out and told to nobody: only routers that know them already would lead there",
        "add cilium_l2_announcements or cilium_bgp",
        lambda spec: bool(spec.cilium_lb_pools) and not (spec.cilium_l2_announcements or spec.cilium_bgp),
        severity="warning",
    ),
    Rule(
        "cilium_bgp", (), "has two instances for the same nodes, and Cilium takes one of them for a node",
        "give each its own nodes, or all peers to one",
        lambda spec: any(_overlap(*pair) for pair in combinations(spec.cilium_bgp, 2)),
    ),
    *(rule for key, value in GATES for rule in _gate(key, value)),
)  # fmt: skip
