"""How many nodes, pods and services there is room for.

Sources, all read in the code of the releases kubestead installs: Cilium's cidrset (parts of a pool) and ipallocator (a
part's first and last address are nobody's), its daemon/cmd/ipam.go (the router's, the health endpoint's and Envoy's own
address), lbipam; Kubernetes' ipallocator (a service network's ends) and kubelet's default of maxPods.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any, Literal

from kubestead.errors import Finding
from kubestead.netplan.collect import spec_uses
from kubestead.netplan.propose import parts
from kubestead.netplan.uses import Kind

if TYPE_CHECKING:
    from kubestead.spec import ClusterSpec

MAX_PODS = 110


@dataclass(frozen=True)
class Capacity:
    """What the spec's networks hold.

    Args:
        nodes: how many nodes can have a part of the pool.
        pods_per_node: pods with an address of their own on one node.
        limit: what keeps ``pods_per_node`` from being more: kubelet's ``maxPods``, or the ``addresses`` of a node.
        pods: pods with an address of their own on so many nodes.
        services: addresses for services, the API's and the DNS's among them.
        load_balancer_addresses: addresses for services of type LoadBalancer.
    """

    nodes: int
    pods_per_node: int
    limit: Literal["maxPods", "addresses"]
    pods: int
    services: int
    load_balancer_addresses: int

    def __str__(self) -> str:
        limit = "maxPods" if self.limit == "maxPods" else "its part of the pool"
        words = [
            f"{self.nodes:,} nodes",
            f"{self.pods_per_node:,} pods on each ({limit})",
            f"{self.pods:,} pods",
            f"{self.services:,} services",
        ]
        if self.load_balancer_addresses:
            words.append(f"{self.load_balancer_addresses:,} load-balancer addresses")
        return "room for " + ", ".join(words)


def capacity(spec: ClusterSpec) -> Capacity:
    """What the spec's networks hold, before anything is asked of a host."""
    mask, most = spec.pod_cidr_mask_size, max_pods(spec.kubelet_config)
    nodes = sum(parts(cidr, mask) for cidr in _pool(spec))
    own = part_addresses(spec)
    # With multi-pool a node that has filled its part takes another one; each has at least one.
    several = spec.cilium_ipam == "multi-pool"
    reach = own + max(nodes - 1, 0) * usable(mask) if several else own
    others = sum(
        parts(cidr, pool.mask_size) * usable(pool.mask_size)
        for pool in (spec.cilium_pools if several else ())
        for cidr in pool.cidrs
    )
    per_node = min(most, reach + others) if nodes else 0
    return Capacity(
        nodes=nodes,
        pods_per_node=per_node,
        limit="maxPods" if most <= reach + others else "addresses",
        pods=min(nodes * most, nodes * own + others),
        services=spec.service_cidr.num_addresses - 2,
        load_balancer_addresses=_balanced(spec),
    )


def part_addresses(spec: ClusterSpec) -> int:
    """How many pods' addresses there are in a node's part of the pool, without those Cilium itself takes."""
    # The router's (device cilium_host), the health endpoint's, and one for Envoy where it serves Ingresses or Gateways.
    taken = 2 + (spec.cilium_ingress or spec.cilium_gateway_api)
    return usable(spec.pod_cidr_mask_size) - taken


def usable(mask_size: int) -> int:
    """Addresses of a part that are handed out: all but the first and the last; of two or one, all."""
    size = 1 << (32 - mask_size)
    return size - 2 if size > 2 else size


def max_pods(kubelet_config: Mapping[str, Any]) -> int:
    """kubelet's ``maxPods``: 110 unless written; 0 means 110 too."""
    written = kubelet_config.get("maxPods")
    return written if isinstance(written, int) and not isinstance(written, bool) and written > 0 else MAX_PODS


def check_capacity(spec: ClusterSpec, nodes: int) -> Iterator[Finding]:
    """Warnings: a pool that is nearly used up, and a kubelet that takes more pods than it has addresses for."""
    room, mask = capacity(spec), spec.pod_cidr_mask_size
    if nodes <= room.nodes < 2 * nodes:
        appends = spec.cilium_ipam != "kubernetes"
        fix = "take a larger one before the cluster is built" + (
            "; later it grows by cilium_more_pod_cidrs (docs/addresses.md)" if appends else "; it cannot grow later"
        )
        reason = f"has {room.nodes} node part(s) of /{mask}, and there are {nodes} node(s) already"
        value = " ".join(map(str, _pool(spec)))
        yield Finding("pod_cidr", reason, fix, value=value, severity="warning")
    most, own = max_pods(spec.kubelet_config), part_addresses(spec)
    # With multi-pool a full node takes another part.
    if most > own and spec.cilium_ipam != "multi-pool":
        reason = f"leaves a node {own} addresses for pods, and kubelet takes up to {most} pods (maxPods)"
        larger = next((size for size in range(mask, 15, -1) if usable(size) - usable(mask) + own >= most), None)
        fix = f"write kubelet_config = {{'maxPods': {own}}}"
        fix += f", or, before the cluster is built, pod_cidr_mask_size = {larger}" if larger else ""
        yield Finding("pod_cidr_mask_size", reason, fix, value=mask, severity="warning")


def _pool(spec: ClusterSpec) -> tuple[IPv4Network, ...]:
    """Kubernetes itself hands out parts of one network only."""
    return (spec.pod_cidr,) if spec.cilium_ipam == "kubernetes" else spec.pool


def _balanced(spec: ClusterSpec) -> int:
    """Addresses in any of the blocks; what two of them hold counts once."""
    spans = sorted(use.given for use in spec_uses(spec) if use.kind is Kind.BALANCED)
    count, counted = 0, -1
    for first, last in spans:
        count += max(0, last - max(first, counted + 1) + 1)
        counted = max(counted, last)
    return count
