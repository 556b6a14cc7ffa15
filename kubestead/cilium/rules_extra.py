"""Rules between ``cilium_extra_values`` and the typed choices: what the agent refuses, or passes over."""

from __future__ import annotations

from kubestead.cilium.rule import REPLACE, Broken, Rule, extra, kept, tunnel

BIG_TCP = ("enableIPv4BIGTCP", "enableIPv6BIGTCP")
BPF = f'{REPLACE} and cilium_masquerade = "bpf"'
RELAY_PORT = ":4244"


def _rule(path: str, others: tuple[str, ...], reason: str, fix: str, broken: Broken) -> Rule:
    """A rule about a value that is on."""
    return Rule(
        "cilium_extra_values", others, f"{path} {reason}", fix, lambda spec: bool(extra(spec, path)) and broken(spec)
    )


RULES: tuple[Rule, ...] = (
    Rule(
        "cilium_extra_values", ("kube_proxy",),
        "k8sServiceHost is empty, and without kube-proxy the agents find the API by it alone",
        "leave it out: control_plane_endpoint says it",
        lambda spec: not kept(spec) and extra(spec, "k8sServiceHost") == "",
    ),
    Rule(
        "cilium_extra_values", ("hubble", "hubble_relay"), "hubble.listenAddress is not ':4244', where the relay asks",
        "leave it out", lambda spec: spec.hubble and spec.hubble_relay
        and extra(spec, "hubble.listenAddress") not in (None, RELAY_PORT),
    ),
    _rule(
        "directRoutingSkipUnreachable", ("cilium_routing", "cilium_node_routes"), "is about routes between nodes only",
        'write cilium_routing = "native" and cilium_node_routes = True, or leave it out',
        lambda spec: tunnel(spec) or not spec.cilium_node_routes,
    ),
    *(
        _rule(
            path, ("cilium_routing", "cilium_encryption", "kube_proxy", "cilium_masquerade"),
            "works with native routing, without encryption and past the host's own network stack only",
            f'write cilium_routing = "native" and {BPF.removeprefix("write ")}, without encryption; or leave it out',
            lambda spec: tunnel(spec) or spec.cilium_encryption != "none" or kept(spec)
            or spec.cilium_masquerade == "iptables",
        )
        for path in BIG_TCP
    ),
    *(
        _rule(path, ("cilium_masquerade",), "needs masquerading by BPF", BPF,
              lambda spec: spec.cilium_masquerade != "bpf")
        for path in ("ipMasqAgent.enabled", "egressGateway.enabled")
    ),
    _rule(
        "egressMasqueradeInterfaces", ("cilium_masquerade",), "is for iptables; BPF masquerades on devices",
        'write {"devices": ["eth0"]} in its place', lambda spec: spec.cilium_masquerade == "bpf",
    ),
    _rule(
        "installNoConntrackIptablesRules", ("cilium_routing", "kube_proxy", "cilium_masquerade"),
        "is refused by the agent with a tunnel, with kube-proxy and with iptables",
        f'write cilium_routing = "native" and {BPF.removeprefix("write ")}, or leave it out',
        lambda spec: tunnel(spec) or kept(spec) or spec.cilium_masquerade == "iptables",
    ),
    _rule(
        "bpf.hostLegacyRouting", ("cilium_datapath", "cilium_bandwidth_manager"), "bars netkit's and BBR's way",
        "leave it out",
        lambda spec: spec.cilium_datapath != "veth" or spec.cilium_bandwidth_manager == "bbr",
    ),
    _rule(
        "kubeProxyReplacementHealthzBindAddr", ("kube_proxy",), "is kube-proxy's own while it serves services",
        REPLACE, kept,
    ),
    Rule(
        "cilium_extra_values", ("kube_proxy",),
        "loadBalancer.acceleration is without effect while kube-proxy serves services",
        f"{REPLACE}, or leave it out",
        lambda spec: kept(spec) and extra(spec, "loadBalancer.acceleration") not in (None, "disabled"),
    ),
    _rule(
        "encryption.strictMode.enabled", ("cilium_encryption",), "guards WireGuard only",
        'write cilium_encryption = "wireguard"',
        lambda spec: spec.cilium_encryption != "wireguard",
    ),
    _rule(
        "hubble.metrics.dynamic.enabled", ("hubble_metrics",), "and a fixed list exclude each other",
        "leave one of them out",
        lambda spec: bool(spec.hubble_metrics),
    ),
    _rule(
        "envoyConfig.enabled", ("cilium_l7_proxy", "cilium_envoy", "kube_proxy"),
        "is Envoy's work, beside Cilium's own services",
        f"{REPLACE}, cilium_l7_proxy = True and cilium_envoy = True",
        lambda spec: kept(spec) or not (spec.cilium_l7_proxy and spec.cilium_envoy),
    ),
)  # fmt: skip
