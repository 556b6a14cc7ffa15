"""Which values of Cilium's chart the spec has a key of its own for, and what that key is called there. Pure.

Paths with a form of older charts stand beside today's, so that what an older guide says leads to the same key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kubestead.cilium.rule import value_at

Get = Callable[[str], Any]


@dataclass(frozen=True)
class Typed:
    """A key of the spec.

    Args:
        key: the key (``cilium_routing``).
        paths: the chart's values it stands for; those after ``old`` are of older charts.
        value: what to write for the key, from the chart's values; None where they do not say it whole.
        hint: what to do then.
        old: paths no chart of today has.
    """

    key: str
    paths: tuple[str, ...]
    value: Callable[[Get], Any]
    hint: str = ""
    old: tuple[str, ...] = ()

    def of(self, values: Mapping[str, Any]) -> Any:
        """What to write for the key where the chart has these values; None where they do not say it whole."""
        return self.value(lambda path: value_at(values, path))


def _plain(key: str, path: str, *old: str) -> Typed:
    """The key takes what the chart takes."""

    def value(get: Get) -> Any:
        return next((get(one) for one in (path, *old) if get(one) is not None), None)

    return Typed(key, (path,), value, old=old)


def _routing(get: Get) -> Any:
    if get("routingMode") == "native" or get("tunnel") == "disabled":
        return "native"
    return get("tunnelProtocol") or get("tunnel") or "vxlan"


def _proxy(get: Get) -> Any:
    words = {"true": "replace", "strict": "replace", "false": "keep", "disabled": "keep"}
    return words.get(str(get("kubeProxyReplacement")).lower())


def _masquerade(get: Get) -> Any:
    if get("enableIPv4Masquerade") is False or get("masquerade") is False:
        return "off"
    return "bpf" if get("bpf.masquerade") is True else "iptables"


def _pool(get: Get) -> list[Any]:
    whole = get("ipam.operator.clusterPoolIPv4PodCIDRList") or get("ipam.operator.clusterPoolIPv4PodCIDR")
    return whole if isinstance(whole, list) else [whole] if isinstance(whole, str) else []


def _encryption(get: Get) -> Any:
    return get("encryption.type") or "ipsec" if get("encryption.enabled") else "none"


def _bandwidth(get: Get) -> Any:
    if not get("bandwidthManager.enabled"):
        return "off"
    return "bbr" if get("bandwidthManager.bbr") else "on"


def _names(value: Any) -> Any:
    """A list, or what Helm's --set takes for one: ``{dns,drop}``."""
    return value.strip("{} ").replace(",", " ").split() if isinstance(value, str) else value


TYPED: tuple[Typed, ...] = (
    Typed("cilium_routing", ("routingMode", "tunnelProtocol"), _routing, old=("tunnel",)),
    _plain("cilium_native_cidr", "ipv4NativeRoutingCIDR", "nativeRoutingCIDR"),
    _plain("cilium_node_routes", "autoDirectNodeRoutes"),
    _plain("cilium_mtu", "MTU", "mtu"),
    _plain("cilium_ipam", "ipam.mode"),
    Typed(
        "pod_cidr", ("ipam.operator.clusterPoolIPv4PodCIDRList",), lambda get: next(iter(_pool(get)), None),
        old=("ipam.operator.clusterPoolIPv4PodCIDR",),
    ),
    Typed(
        "cilium_more_pod_cidrs", ("ipam.operator.clusterPoolIPv4PodCIDRList",), lambda get: _pool(get)[1:] or None,
        "the first network is pod_cidr",
    ),
    _plain("pod_cidr_mask_size", "ipam.operator.clusterPoolIPv4MaskSize"),
    Typed(
        "cilium_pools", ("ipam.operator.autoCreateCiliumPodIPPools",), lambda get: None,
        "the pool 'default' is pod_cidr; name the others under cilium_pools",
    ),
    Typed("kube_proxy", ("kubeProxyReplacement",), _proxy, 'write kube_proxy = "replace" or "keep"'),
    Typed("cilium_api_servers", ("k8s.apiServerURLs",), lambda get: _names(get("k8s.apiServerURLs"))),
    Typed("cilium_masquerade", ("enableIPv4Masquerade", "bpf.masquerade"), _masquerade, old=("masquerade",)),
    _plain("cilium_lb_mode", "loadBalancer.mode", "nodePort.mode"),
    _plain("cilium_lb_dispatch", "loadBalancer.dsrDispatch"),
    _plain("cilium_lb_algorithm", "loadBalancer.algorithm", "nodePort.algorithm"),
    _plain("cilium_datapath", "bpf.datapathMode", "datapathMode"),
    Typed(
        "cilium_l2_announcements", ("l2announcements.enabled",),
        lambda get: None if get("l2announcements.enabled") else [],
        "name links and services under cilium_l2_announcements",
    ),
    Typed(
        "cilium_bgp", ("bgpControlPlane.enabled",), lambda get: None if get("bgpControlPlane.enabled") else [],
        "name AS numbers and peers under cilium_bgp", old=("bgp",),
    ),
    Typed("cilium_encryption", ("encryption.enabled", "encryption.type"), _encryption),
    _plain("cilium_encrypt_nodes", "encryption.nodeEncryption"),
    Typed("cilium_bandwidth_manager", ("bandwidthManager.enabled", "bandwidthManager.bbr"), _bandwidth),
    _plain("cilium_policy", "policyEnforcementMode"),
    _plain("cilium_host_firewall", "hostFirewall.enabled"),
    _plain("cilium_l7_proxy", "l7Proxy"),
    _plain("cilium_envoy", "envoy.enabled"),
    _plain("cilium_ingress", "ingressController.enabled"),
    _plain("cilium_gateway_api", "gatewayAPI.enabled"),
    _plain("cilium_mutual_authentication", "authentication.mutual.spire.enabled"),
    _plain("cilium_cluster_id", "cluster.id"),
    Typed(
        "cilium_mesh", ("clustermesh.useAPIServer", "clustermesh.config"), lambda get: None,
        "name the other clusters under cilium_mesh",
    ),
    Typed(
        "cilium_mesh_addresses", ("clustermesh.apiserver.tls.server.extraIpAddresses",),
        lambda get: get("clustermesh.apiserver.tls.server.extraIpAddresses"),
    ),
    _plain("cilium_mesh_port", "clustermesh.apiserver.service.nodePort"),
    _plain("hubble", "hubble.enabled"),
    _plain("hubble_relay", "hubble.relay.enabled"),
    _plain("hubble_ui", "hubble.ui.enabled"),
    Typed("hubble_metrics", ("hubble.metrics.enabled",), lambda get: _names(get("hubble.metrics.enabled"))),
    _plain("hubble_tls", "hubble.tls.auto.method"),
    _plain("dns_domain", "hubble.peerService.clusterDomain"),
)  # fmt: skip


def typed_for(path: str) -> Typed | None:
    """The key a value of today's chart belongs to, by its own path or one above it; None where there is none."""
    return next((typed for typed in TYPED if any(f"{path}.".startswith(f"{one}.") for one in typed.paths)), None)
