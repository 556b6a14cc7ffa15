"""Rules about encryption, policies, flows and meshes."""

from __future__ import annotations

from kubestead.cilium.rule import Rule, extra, straight, tunnel

L7_METRICS = frozenset({"httpV2", "kafka"})

RULES: tuple[Rule, ...] = (
    Rule(
        "cilium_encrypt_nodes", ("cilium_encryption",), "is WireGuard's", 'write cilium_encryption = "wireguard"',
        lambda spec: spec.cilium_encrypt_nodes and spec.cilium_encryption != "wireguard",
    ),
    Rule(
        "cilium_encrypt_nodes", ("cilium_lb_mode", "cilium_lb_dispatch"),
        "would leave services' answers that go straight back in the clear", 'write cilium_lb_dispatch = "geneve"',
        lambda spec: spec.cilium_encrypt_nodes and straight(spec) and spec.cilium_lb_dispatch != "geneve",
    ),
    Rule(
        "cilium_encryption", ("cilium_ipam", "cilium_routing"),
        "works with multi-pool in a tunnel only",
        'write cilium_routing = "vxlan", or cilium_encryption = "wireguard"',
        lambda spec: spec.cilium_encryption == "ipsec" and spec.cilium_ipam == "multi-pool" and not tunnel(spec),
    ),
    Rule(
        "cilium_host_firewall", ("cilium_encryption",), "is refused by the agent together with IPsec",
        'write cilium_encryption = "wireguard", or leave one of them out',
        lambda spec: spec.cilium_host_firewall and spec.cilium_encryption == "ipsec",
    ),
    Rule(
        "cilium_envoy", ("cilium_l7_proxy",), "is not installed without the L7 proxy", "write cilium_l7_proxy = True",
        lambda spec: spec.cilium_envoy and not spec.cilium_l7_proxy,
    ),
    # Seen on the twin: SSH timed out on every node. "always" is about every endpoint, and with the host firewall a node
    # is one (pkg/policy/repository.go).
    Rule(
        "cilium_policy", ("cilium_host_firewall",), "closes the nodes themselves, SSH and the API with them",
        'write cilium_policy = "default", where nodes are closed by policies that select them, '
        "or cilium_host_firewall = False",
        lambda spec: spec.cilium_policy == "always" and spec.cilium_host_firewall,
    ),
    Rule(
        "cilium_policy", ("cilium_host_firewall",),
        "cuts off every pod that no policy speaks of, DNS, the cluster's own and Cilium's health endpoints too",
        "have policies for all of them first", severity="warning",
        broken=lambda spec: spec.cilium_policy == "always" and not spec.cilium_host_firewall,
    ),
    Rule(
        "cilium_mutual_authentication", ("cilium_cluster_id",), "has no trust between the clusters of a mesh",
        "write cilium_cluster_id = 0, or leave it out",
        lambda spec: spec.cilium_mutual_authentication and spec.cilium_cluster_id != 0,
    ),
    Rule(
        "cilium_mutual_authentication", ("cilium_encryption",), "says who is there, and hides nothing of what is sent",
        'write cilium_encryption = "wireguard" or "ipsec" too', severity="warning",
        broken=lambda spec: spec.cilium_mutual_authentication and spec.cilium_encryption == "none",
    ),
    Rule(
        "cluster_name", ("cilium_cluster_id",), "is reserved in a mesh", "take another name than 'default'",
        lambda spec: spec.cilium_cluster_id != 0 and spec.cluster_name == "default",
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
        "hubble_metrics", ("cilium_l7_proxy", "cilium_envoy"), "name flows that only Envoy sees (httpV2, kafka)",
        "write cilium_l7_proxy = True and cilium_envoy = True, or leave them out",
        lambda spec: bool(L7_METRICS.intersection(spec.hubble_metrics))
        and not (spec.cilium_l7_proxy and spec.cilium_envoy),
    ),
    Rule(
        "hubble_tls", ("hubble", "cilium_extra_values"), "must be told who signs",
        'write cilium_extra_values = {"hubble": {"tls": {"auto": {"certManagerIssuerRef": '
        '{"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "NAME"}}}}}',
        lambda spec: spec.hubble and spec.hubble_tls == "certmanager"
        and not extra(spec, "hubble.tls.auto.certManagerIssuerRef"),
    ),
)  # fmt: skip
