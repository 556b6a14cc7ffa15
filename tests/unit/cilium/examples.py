"""Specs that break a rule between Cilium's choices, each with what mends it."""

from __future__ import annotations

from typing import Any

REPLACED = {"kube_proxy": "replace"}
BPF = {**REPLACED, "cilium_masquerade": "bpf"}
NATIVE = {"cilium_routing": "native"}
ENVOY = {"cilium_l7_proxy": True, "cilium_envoy": True}
GREEN = {"name": "green", "cidrs": ["100.64.0.0/16"]}
LAN = {"name": "lan", "interfaces": ["^eth0$"]}
POOL = {"name": "lan", "blocks": ["192.168.1.200-192.168.1.220"]}
BGP = [{"name": "lab", "asn": 64512, "peers": [{"name": "tor1", "address": "192.168.1.1", "asn": 64513}]}]
BETA: dict[str, Any] = {"name": "beta", "id": 2, "pod_cidrs": ["11.2.0.0/16"]}
GAMMA: dict[str, Any] = {"name": "gamma", "id": 3, "pod_cidrs": ["11.3.0.0/16"], "port": 32380}
MESH: dict[str, Any] = {"cilium_cluster_id": 1, "cilium_mesh": [BETA], "cilium_mesh_addresses": ["192.168.1.187"]}
ISSUER = {"hubble": {"tls": {"auto": {"certManagerIssuerRef": {"kind": "ClusterIssuer", "name": "ca"}}}}}


def extra(path: str, value: Any = True) -> dict[str, Any]:
    """``cilium_extra_values`` with one value."""
    for key in reversed(path.split(".")):
        value = {key: value}
    return {"cilium_extra_values": value}


NOTHING_EXTRA: dict[str, Any] = {"cilium_extra_values": {}}
GATES = ("cilium_ingress", "cilium_gateway_api")
# What is written, and what written over it mends it.
BROKEN: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"cilium_native_cidr": "10.0.0.0/8"}, NATIVE),
    ({**NATIVE, "cilium_native_cidr": "10.128.0.0/9"}, {"cilium_native_cidr": "10.0.0.0/8"}),
    ({**NATIVE, "cilium_node_routes": False}, {"cilium_bgp": BGP}),
    ({"ip_families": "dual", "pod_cidr_v6_mask_size": 120}, {"pod_cidr_v6_mask_size": 56}),
    ({"ip_families": "dual", "service_cidr_v6": "fd00:10::/112"}, {"service_cidr_v6": "fd00:96::/112"}),
    ({"ip_families": "dual", "cilium_ipam": "multi-pool", **BPF}, {"cilium_ipam": "cluster-pool"}),
    ({"cilium_mtu": 600}, NATIVE),
    ({"cilium_mtu": 1300, "ip_families": "dual"}, {"cilium_mtu": 1330}),
    ({"cilium_pools": [GREEN]}, {"cilium_ipam": "multi-pool", **BPF}),
    ({"cilium_ipam": "kubernetes", "cilium_more_pod_cidrs": ["100.64.0.0/16"]}, {"cilium_ipam": "cluster-pool"}),
    ({"cilium_more_pod_cidrs": ["100.64.0.0/26"]}, {"cilium_more_pod_cidrs": ["100.64.0.0/24"]}),
    ({"cilium_masquerade": "bpf"}, REPLACED),
    ({"cilium_policy": "always", "cilium_host_firewall": True}, {"cilium_policy": "default"}),
    ({"cilium_ipam": "multi-pool"}, BPF),
    ({"cilium_datapath": "netkit"}, BPF),
    ({"cilium_bandwidth_manager": "bbr"}, BPF),
    ({"cilium_bandwidth_manager": "on", "cilium_encryption": "ipsec"}, {"cilium_encryption": "wireguard"}),
    ({"cilium_api_servers": ["https://10.9.0.1:6443"]}, REPLACED),
    ({**NATIVE, "cilium_lb_mode": "dsr"}, REPLACED),
    ({"cilium_lb_algorithm": "maglev"}, REPLACED),
    ({**REPLACED, "cilium_lb_mode": "dsr"}, NATIVE),
    ({**REPLACED, "cilium_routing": "geneve", "cilium_lb_mode": "hybrid"}, {"cilium_lb_dispatch": "geneve"}),
    ({"cilium_lb_dispatch": "geneve"}, {"cilium_lb_dispatch": "opt"}),
    ({"cilium_l2_announcements": [LAN]}, REPLACED),
    ({"cilium_lb_pools": [POOL]}, {"cilium_bgp": BGP}),
    (
        {"cilium_bgp": [*BGP, {**BGP[0], "name": "other", "nodes": {"zone": "a"}}]},
        {"cilium_bgp": [{**BGP[0], "nodes": {"zone": "b"}}, {**BGP[0], "name": "other", "nodes": {"zone": "a"}}]},
    ),
    *(({gate: True, **ENVOY, "cilium_lb_pools": [POOL], "cilium_bgp": BGP}, REPLACED) for gate in GATES),
    *(({gate: True, **REPLACED, "cilium_lb_pools": [POOL], "cilium_bgp": BGP}, ENVOY) for gate in GATES),
    *(({gate: True, **REPLACED, **ENVOY}, {"cilium_lb_pools": [POOL], "cilium_bgp": BGP}) for gate in GATES),
    ({"cilium_encrypt_nodes": True}, {"cilium_encryption": "wireguard"}),
    (
        {"cilium_encrypt_nodes": True, "cilium_encryption": "wireguard", **REPLACED, **NATIVE, "cilium_lb_mode": "dsr"},
        {"cilium_lb_dispatch": "geneve"},
    ),
    ({"cilium_encryption": "ipsec", "cilium_ipam": "multi-pool", **BPF, **NATIVE}, {"cilium_routing": "vxlan"}),
    ({"cilium_host_firewall": True, "cilium_encryption": "ipsec"}, {"cilium_encryption": "wireguard"}),
    ({"cilium_envoy": True}, {"cilium_l7_proxy": True}),
    ({"cilium_policy": "always"}, {"cilium_policy": "default"}),
    (
        {"cilium_mutual_authentication": True, "cilium_encryption": "wireguard", "cilium_cluster_id": 1},
        {"cilium_cluster_id": 0},
    ),
    ({"cilium_mutual_authentication": True}, {"cilium_encryption": "wireguard"}),
    ({"cluster_name": "default", "cilium_cluster_id": 1}, {"cluster_name": "one"}),
    ({**MESH, "cilium_cluster_id": 0}, {"cilium_cluster_id": 1}),
    ({**MESH, "cilium_cluster_id": 2}, {"cilium_cluster_id": 1}),
    ({**MESH, "cluster_name": "beta"}, {"cluster_name": "alpha"}),
    ({**MESH, "cilium_mesh": [BETA, {**GAMMA, "pod_cidrs": ["11.2.128.0/17"]}]}, {"cilium_mesh": [BETA, GAMMA]}),
    ({**MESH, "cilium_mesh_addresses": []}, {"cilium_mesh_addresses": ["192.168.1.187"]}),
    ({"cilium_mesh_addresses": ["192.168.1.187"]}, MESH),
    ({**MESH, **REPLACED}, {"cilium_mesh_port": 32381}),
    ({**MESH, **NATIVE}, {"cilium_native_cidr": "10.0.0.0/7"}),
    ({**MESH, "cilium_encryption": "ipsec"}, {"cilium_encryption": "wireguard"}),
    (
        {**MESH, **REPLACED, "cilium_mesh_port": 32381, "cilium_host_firewall": True, "cilium_encryption": "wireguard"},
        {"cilium_host_firewall": False},
    ),
    ({"hubble_ui": True, "hubble_relay": False}, {"hubble_relay": True}),
    ({"hubble_metrics": ["dns"], "hubble": False}, {"hubble": True}),
    ({"hubble_metrics": ["httpV2"]}, ENVOY),
    ({"hubble_tls": "certmanager"}, {"cilium_extra_values": ISSUER}),
    ({**REPLACED, **extra("k8sServiceHost", "")}, NOTHING_EXTRA),
    (extra("hubble.listenAddress", ":50051"), extra("hubble.listenAddress", ":4244")),
    (extra("directRoutingSkipUnreachable"), NATIVE),
    *((extra(path), {**NATIVE, **BPF}) for path in ("enableIPv4BIGTCP", "enableIPv6BIGTCP")),
    *((extra(path), BPF) for path in ("ipMasqAgent.enabled", "egressGateway.enabled")),
    ({**BPF, **extra("egressMasqueradeInterfaces", "eth0")}, extra("devices", ["eth0"])),
    (extra("installNoConntrackIptablesRules"), {**NATIVE, **BPF}),
    ({**BPF, "cilium_datapath": "netkit", **extra("bpf.hostLegacyRouting")}, NOTHING_EXTRA),
    (extra("kubeProxyReplacementHealthzBindAddr", "0.0.0.0:10256"), REPLACED),
    (extra("loadBalancer.acceleration", "native"), REPLACED),
    (extra("encryption.strictMode.enabled"), {"cilium_encryption": "wireguard"}),
    ({"hubble_metrics": ["dns"], **extra("hubble.metrics.dynamic.enabled")}, {"hubble_metrics": []}),
    (extra("envoyConfig.enabled"), {**REPLACED, **ENVOY}),
]
