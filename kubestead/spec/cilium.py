"""Cilium's choices, each short and typed; what contradicts another is refused (:mod:`kubestead.cilium.rules`).

Names and values are Cilium's own words where it has one word for it. Sources: the chart of Cilium 1.18.4 and its docs.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, field_validator

from kubestead.spec.ciliummesh import MeshChoices
from kubestead.spec.ciliumnetworks import BgpInstance, L2Announcement, LoadBalancerPool, PodPool, named_once
from kubestead.spec.fields import Cidr, Url
from kubestead.spec.values import Values

# Hubble's metric plugins (pkg/hubble/metrics): the agent skips a name it does not know, with a warning nobody reads.
HubbleMetric = Literal[
    "dns", "drop", "flow", "flows-to-world", "httpV2", "icmp", "kafka", "policy", "port-distribution", "tcp"
]


class CiliumChoices(MeshChoices):
    """The part of :class:`kubestead.spec.ClusterSpec` that says how Cilium works."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    cilium_routing: Literal["vxlan", "geneve", "native"] = Field(
        default="vxlan", description="how packets reach other nodes: 'vxlan', 'geneve' (tunnels) or 'native' (routes)"
    )
    cilium_native_cidr: Cidr | None = Field(
        default=None, description="with native routing, the network that is never masqueraded; None: pod_cidr"
    )
    cilium_node_routes: bool = Field(
        default=True, description="with native routing, true: nodes of one network route to each other's pods"
    )
    cilium_mtu: int = Field(
        default=0, ge=0, le=65520, description="the links' MTU before what a tunnel takes; 0: Cilium finds it out"
    )

    cilium_ipam: Literal["cluster-pool", "kubernetes", "multi-pool"] = Field(
        default="cluster-pool", description="who hands out pods' addresses: 'cluster-pool', 'kubernetes', 'multi-pool'"
    )
    cilium_more_pod_cidrs: tuple[Cidr, ...] = Field(
        default=(), strict=False, description="networks added to the pool when pod_cidr is full, a list"
    )
    cilium_pools: tuple[PodPool, ...] = Field(
        default=(), strict=False, description="with multi-pool, the pools beside the default one, a list of mappings"
    )

    cilium_api_servers: tuple[Url, ...] = Field(
        default=(),
        strict=False,
        description="addresses of several API servers, a list such as ['https://10.9.0.1:6443']",
    )
    cilium_masquerade: Literal["iptables", "bpf", "off"] = Field(
        default="iptables", description="who hides pods behind their node to the outside: 'iptables', 'bpf' or 'off'"
    )
    cilium_lb_mode: Literal["snat", "dsr", "hybrid"] = Field(
        default="snat",
        description="how a service's answer goes back: 'snat', 'dsr' (straight) or 'hybrid' (TCP straight)",
    )
    cilium_lb_dispatch: Literal["opt", "geneve"] = Field(
        default="opt", description="how dsr tells the service's address: 'opt' (an IP option) or 'geneve'"
    )
    cilium_lb_algorithm: Literal["random", "maglev"] = Field(
        default="random", description="how a service's pod is chosen: 'random' or 'maglev' (the same on every node)"
    )
    cilium_datapath: Literal["veth", "netkit", "netkit-l2"] = Field(
        default="veth", description="a pod's device: 'veth', 'netkit' or 'netkit-l2'"
    )

    cilium_lb_pools: tuple[LoadBalancerPool, ...] = Field(
        default=(), strict=False, description="addresses for services of type LoadBalancer, a list of mappings"
    )
    cilium_l2_announcements: tuple[L2Announcement, ...] = Field(
        default=(),
        strict=False,
        description="which services' addresses nodes answer for on their links, a list of mappings",
    )
    cilium_bgp: tuple[BgpInstance, ...] = Field(
        default=(), strict=False, description="BGP speakers on the nodes, a list of mappings"
    )

    cilium_encryption: Literal["none", "ipsec", "wireguard"] = Field(
        default="none", description="whether traffic between nodes is encrypted: 'none', 'ipsec' or 'wireguard'"
    )
    cilium_encrypt_nodes: bool = Field(default=False, description="true: with wireguard, the nodes' own traffic too")
    cilium_bandwidth_manager: Literal["off", "on", "bbr"] = Field(
        default="off", description="pods' bandwidth limits: 'off', 'on', or 'bbr' (and pods' TCP uses BBR)"
    )

    cilium_policy: Literal["default", "always", "never"] = Field(
        default="default",
        description="when policies are enforced: 'default' (where one selects the pod), 'always', 'never'",
    )
    cilium_host_firewall: bool = Field(default=False, description="true: policies may select nodes")
    cilium_l7_proxy: bool = Field(
        default=False, description="true: rules on DNS names (and, with cilium_envoy, on HTTP) are enforced"
    )
    cilium_envoy: bool = Field(
        default=False, description="true: Envoy runs on every node, for rules and routes on HTTP"
    )
    cilium_ingress: bool = Field(default=False, description="true: Cilium serves Ingresses")
    cilium_gateway_api: bool = Field(default=False, description="true: Cilium serves Gateways")
    cilium_mutual_authentication: bool = Field(default=False, description="true: SPIRE, for policies that ask for it")

    hubble: bool = Field(default=True, description="true or false: Cilium records flows")
    hubble_relay: bool = Field(default=True, description="true or false: one place to ask for all nodes' flows")
    hubble_ui: bool = Field(default=False, description="true or false: flows in a browser")
    hubble_metrics: tuple[HubbleMetric, ...] = Field(
        default=(), strict=False, description="metrics of flows, a list such as ['dns', 'drop', 'tcp', 'flow']"
    )
    hubble_tls: Literal["helm", "cronJob", "certmanager"] = Field(
        default="helm", description="who makes Hubble's certificates: 'helm', 'cronJob' or 'certmanager'"
    )

    cilium_extra_values: Values = Field(
        default={}, description="Helm values merged last over the rendered ones, a mapping"
    )

    @field_validator("cilium_pools", "cilium_lb_pools", "cilium_l2_announcements", "cilium_bgp")
    @classmethod
    def _named_once(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        return named_once(value)
