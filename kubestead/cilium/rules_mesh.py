"""Rules about a mesh of clusters. Sources: ClusterMesh's page, the chart's remarks, cilium #24692 and #31209."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from kubestead.cilium.rule import Rule, kept, tunnel

if TYPE_CHECKING:
    from kubestead.spec import ClusterSpec


def _meshed(spec: ClusterSpec) -> bool:
    return bool(spec.cilium_mesh)


def _others_meet(spec: ClusterSpec) -> bool:
    return any(
        one.overlaps(other)
        for first, second in combinations(spec.cilium_mesh, 2)
        for one in first.pod_cidrs
        for other in second.pod_cidrs
    )


RULES: tuple[Rule, ...] = (
    Rule(
        "cilium_cluster_id", ("cilium_mesh",), "is 0, which is no number in a mesh",
        "write a number no other cluster has, 1 to 255",
        lambda spec: _meshed(spec) and spec.cilium_cluster_id == 0,
    ),
    Rule(
        "cilium_mesh", ("cilium_cluster_id",), "names another cluster with this one's cilium_cluster_id",
        "give each cluster a number of its own, and leave this one out of its own list",
        lambda spec: spec.cilium_cluster_id != 0 and any(one.id == spec.cilium_cluster_id for one in spec.cilium_mesh),
    ),
    Rule(
        "cilium_mesh", ("cluster_name",), "names another cluster as this one is called (cluster_name)",
        "give each cluster a name of its own, and leave this one out of its own list",
        lambda spec: any(one.name == spec.cluster_name for one in spec.cilium_mesh),
    ),
    Rule(
        "cilium_mesh", (), "has two clusters with a pod network in common",
        "give each cluster pod networks of its own", _others_meet,
    ),
    Rule(
        "cilium_mesh_addresses", ("cilium_mesh",), "is empty, and the others must know where to ask",
        "write addresses of some of this cluster's nodes, such as a control plane's and a worker's",
        lambda spec: _meshed(spec) and not spec.cilium_mesh_addresses,
    ),
    Rule(
        "cilium_mesh_addresses", ("cilium_mesh",), "is for a mesh", "leave it out, or name the others in cilium_mesh",
        lambda spec: bool(spec.cilium_mesh_addresses) and not _meshed(spec),
    ),
    Rule(
        "cilium_mesh_port", ("cilium_mesh", "kube_proxy"),
        "is another cluster's port too, and without kube-proxy packets to that one would stay here (cilium #24692)",
        "give each cluster a port of its own, 30000 to 32767",
        lambda spec: not kept(spec) and any(one.port == spec.cilium_mesh_port for one in spec.cilium_mesh),
    ),
    Rule(
        "cilium_native_cidr", ("cilium_mesh", "cilium_routing", "cilium_masquerade", "pod_cidr"),
        "does not hold the other clusters' pod networks: packets to their pods would be masqueraded",
        "give a network that holds those of all clusters in the mesh, such as '10.0.0.0/8'",
        lambda spec: not tunnel(spec) and spec.cilium_masquerade != "off" and not all(
            network.subnet_of(spec.native_cidr) for one in spec.cilium_mesh for network in one.pod_cidrs
        ),
    ),
    Rule(
        "cilium_mesh", ("cilium_encryption",), "needs the same IPsec key in every cluster, and each has its own here",
        'write cilium_encryption = "wireguard", in all clusters',
        lambda spec: _meshed(spec) and spec.cilium_encryption == "ipsec",
    ),
    Rule(
        "cilium_host_firewall", ("cilium_mesh", "cilium_encryption", "cilium_routing", "kube_proxy"),
        "together with a mesh, WireGuard, a tunnel and no kube-proxy cuts off the others (cilium #31209)",
        "leave it out, or one of these",
        lambda spec: spec.cilium_host_firewall and _meshed(spec) and spec.cilium_encryption == "wireguard"
        and tunnel(spec) and not kept(spec),
    ),
)  # fmt: skip
