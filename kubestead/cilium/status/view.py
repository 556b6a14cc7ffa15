"""Everything the rules look at, and what follows from it at once. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from kubestead.cilium.status.model import CiliumNode, ClusterView, HostView, NodeObject, Pod
from kubestead.cilium.status.trouble import KUBECTL
from kubestead.cilium.status.wanted import Wanted

# A process that a signal or a debugger stopped, as /proc tells it.
STOPPED = ("T", "t")


@dataclass(frozen=True)
class View:
    """What the API and the hosts said.

    Args:
        cluster: what the API said.
        hosts: what each host of the inventory said, by the node's name.
        wanted: what the spec asks for; None where it cannot be read.
    """

    cluster: ClusterView
    hosts: Mapping[str, HostView]
    wanted: Wanted | None = None

    @cached_property
    def names(self) -> list[str]:
        """Every node: those of the inventory, then those that only the cluster knows."""
        return list(dict.fromkeys([*self.hosts, *self.nodes]))

    @cached_property
    def nodes(self) -> dict[str, NodeObject]:
        """The Nodes by name; empty where the API did not tell."""
        return {one.name: one for one in self.cluster.nodes or ()}

    @cached_property
    def cilium_nodes(self) -> dict[str, CiliumNode]:
        """The CiliumNodes by name."""
        return {one.name: one for one in self.cluster.cilium_nodes or ()}

    @cached_property
    def agents(self) -> dict[str, Pod]:
        """The agents' pods by node; of two, the one that is there to stay."""
        pods = sorted((one for one in self.cluster.pods or () if one.app == "cilium"), key=lambda one: one.ready)
        return {one.node: one for one in pods}

    @cached_property
    def expected(self) -> list[str]:
        """The nodes that must have an agent: those of the cluster, or of the inventory where the API is silent."""
        return list(self.nodes) if self.cluster.answers else list(self.hosts)

    @cached_property
    def without_network(self) -> set[str]:
        """Nodes that were given no part of the pod network; their agents wait for it."""
        if self.cluster.cilium_nodes is None:
            return set()
        found = [one for one in self.cilium_nodes.values() if not one.pod_cidrs]
        return {
            one.name for one in found if one.error or (one.name in self.nodes and not self._takes_from_node(one.name))
        }

    def _takes_from_node(self, name: str) -> bool:
        return bool(self.ipam == "kubernetes" and self.nodes[name].pod_cidrs)

    @property
    def ipam(self) -> str:
        """How nodes get their part, by the ConfigMap."""
        return (self.cluster.config or {}).get("ipam", "cluster-pool")

    def down(self, node: str) -> bool:
        """The node's agent does not do its work, or the node itself does not; what follows of that is no news."""
        host, known = self.hosts.get(node), self.nodes.get(node)
        if known and known.ready is not None and known.ready != "True":
            return True
        if host is None or host.trouble or host.process is None:
            pod = self.agents.get(node)
            return bool(pod and not pod.ready)
        return not host.process or host.process in STOPPED or host.status is None

    def setting(self, key: str, default: str = "") -> str:
        """A setting as the ConfigMap has it, or, where the API is silent, as some agent read it."""
        if self.cluster.config is not None:
            return self.cluster.config.get(key, default)
        read = next((one.settings for one in self.hosts.values() if one.settings), {})
        return read.get(key, default)

    def exec(self, node: str) -> str:
        """The beginning of a command inside the node's agent."""
        pod = self.agents.get(node)
        return f"{KUBECTL} exec {pod.name if pod else 'ds/cilium'} -c cilium-agent --"
