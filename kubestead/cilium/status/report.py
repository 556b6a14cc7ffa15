"""What ``kubestead cilium status`` tells: what is wrong, the heaviest first, what is not known, and a line a node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from kubestead.cilium.status.agent import AgentStatus
from kubestead.cilium.status.rules_addresses import addresses
from kubestead.cilium.status.rules_agents import agents
from kubestead.cilium.status.rules_cluster import DNS, OPERATOR, RELAY, cluster
from kubestead.cilium.status.rules_cni import cni
from kubestead.cilium.status.rules_drops import drops, totals
from kubestead.cilium.status.rules_mesh import connected, mesh
from kubestead.cilium.status.rules_paths import Pair, paths, results
from kubestead.cilium.status.rules_settings import settings
from kubestead.cilium.status.trouble import Kind, Trouble
from kubestead.cilium.status.view import View

RULES = (cluster, agents, addresses, cni, paths, mesh, settings, drops)
# What cannot be asked where nodes do not reach each other is no news beside that.
_PATHS = frozenset({Kind.LINK_BROKEN, Kind.TUNNEL_BLOCKED, Kind.ROUTE_MISSING})
_NODES = frozenset({Kind.NODE_NOT_READY, Kind.AGENT_DOWN, Kind.AGENT_SUSPENDED, Kind.AGENT_SILENT})
# The relay waits for an agent that hangs before it answers at all.
_EXPLAINED = {Kind.RELAY_SILENT: _PATHS | _NODES, Kind.RELAY_PARTIAL: _PATHS}
_QUESTIONS = {
    "nodes": "nodes", "cilium_nodes": "parts of the pod network", "pods": "Cilium's pods",
    "objects": "operator, relay, DNS, configuration", "node_configs": "CiliumNodeConfigs",
    "status": "its agent's status", "health": "cilium-health", "drops": "dropped packets",
    "drops_again": "dropped packets", "mesh": "the other clusters",
}  # fmt: skip


@dataclass(frozen=True)
class NodeLine:
    """A node on one line; what is not known is None.

    Args:
        agent: ``ok``, ``down``, or its own word for its state.
        reached, others: how many of the other nodes' health endpoints it reaches, of how many.
        pods: its part of the pod network.
        used, capacity: addresses of it.
        mtu: of the link to the other nodes, in bytes.
        drops: dropped packets by reason since the node started, without what is usual everywhere.
    """

    name: str
    agent: str | None = None
    reached: int | None = None
    others: int | None = None
    pods: tuple[str, ...] = ()
    used: int | None = None
    capacity: int | None = None
    mtu: int | None = None
    drops: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Report:
    """Everything. ``modes`` and what stands below it are words to be shown, None where not known.

    ``clusters`` is empty where there is no mesh.
    """

    troubles: tuple[Trouble, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)
    nodes: tuple[NodeLine, ...] = ()
    version: str | None = None
    modes: Mapping[str, str] = field(default_factory=dict)
    operator: str | None = None
    relay: str | None = None
    dns: str | None = None
    clusters: str = ""

    @property
    def healthy(self) -> bool:
        """Nothing is wrong that matters, and nothing is left unknown."""
        return bool(self.nodes) and not self.unknown and all(one.severity == "warning" for one in self.troubles)

    def to_data(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        data = {**asdict(self), "troubles": [one.to_data() for one in self.troubles]}
        return {"healthy": self.healthy, **data}


def report(view: View) -> Report:
    """Everything that can be said now."""
    pairs = _pairs(view)
    found = _unexplained(sorted((trouble for rule in RULES for trouble in rule(view)), key=lambda one: one.order))
    statuses = [host.status for host in view.hosts.values() if host.status]
    versions = sorted({one.version for one in statuses if one.version})
    return Report(
        troubles=tuple(found),
        unknown=_unknown(view, pairs),
        nodes=tuple(_line(view, node, pairs) for node in view.names),
        version=", ".join(versions) or None,
        modes=_modes(statuses),
        operator=_counts(view, OPERATOR),
        relay=_relay(view),
        dns=_counts(view, DNS),
        clusters=connected(view),
    )


def _pairs(view: View) -> dict[Pair, str]:
    """How nodes reach each other, between their health endpoints where they have such."""
    return results(view, view.expected, "endpoint") or results(view, view.expected, "node")


def _unknown(view: View, pairs: Mapping[Pair, str]) -> dict[str, str]:
    """What was asked and not answered, or could not be asked; what is explained by a trouble that is told is not."""
    found = {}
    if view.cluster.answers:
        found = {_QUESTIONS.get(key, key): why for key, why in view.cluster.troubles.items()}
    for node in view.names:
        host = view.hosts.get(node)
        if host is None:
            found[node] = "it is in the cluster and not in the inventory, so it was not asked"
        elif host.trouble:
            found[node] = f"SSH: {host.trouble}"
        elif not view.down(node):
            off = view.setting("enable-health-checking", "true") == "false"
            asked = {key: why for key, why in host.troubles.items() if not (off and key == "health")}
            found |= {f"{node}: {_QUESTIONS.get(key, key)}": why for key, why in asked.items()}
            others = [other for other in view.expected if other != node and not view.down(other)]
            if others and not off and not any(node in pair for pair in pairs) and "health" not in asked:
                found[f"{node}: paths to the other nodes"] = "nobody has asked yet; within a minute of an agent's start"
    return found


def _line(view: View, node: str, pairs: Mapping[Pair, str]) -> NodeLine:
    host, given = view.hosts.get(node), view.cilium_nodes.get(node)
    pods = given.pod_cidrs if given else ()
    if host is None or host.trouble or host.process is None:
        pod = view.agents.get(node)
        return NodeLine(node, "down" if pod and not pod.ready else None, pods=pods)
    known = [word for pair, word in pairs.items() if node in pair]
    status = host.status
    sizes = [host.links[one] for one in (status.devices if status else ()) if one in host.links]
    return NodeLine(
        name=node,
        agent="down" if view.down(node) else status.cilium.state.lower() if status else None,
        reached=known.count("open") if known else None,
        others=len(known) if known else None,
        pods=pods,
        used=status.used if status else None,
        capacity=status.capacity if status else None,
        mtu=min(sizes, default=None),
        drops=totals(host) if host.drops else None,
    )


def _modes(statuses: list[AgentStatus]) -> dict[str, str]:
    def told(words: set[str]) -> str:
        return ", ".join(sorted(words - {""})) or "not known"

    kept = {True: "replaced by Cilium", False: "kept", None: ""}
    return {
        "routing": told({one.routing for one in statuses}),
        "kube-proxy": told({kept[one.kube_proxy_replaced] for one in statuses}),
        "masquerading": told({one.masquerade for one in statuses}),
        "encryption": told({one.encryption for one in statuses}),
    }


def _counts(view: View, name: str) -> str | None:
    found = (view.cluster.workloads or {}).get(name)
    return f"{found.ready} of {found.wanted}" if found else None


def _relay(view: View) -> str | None:
    counts, told = _counts(view, RELAY), view.cluster.relay
    if counts is None:
        return None if view.cluster.workloads is None else "none"
    if told is None or told.trouble:
        return counts
    return f"{counts}, hears {told.connected} of {told.connected + told.unavailable} nodes"


def _unexplained(found: list[Trouble]) -> list[Trouble]:
    kinds = {one.kind for one in found}
    return [one for one in found if not kinds & _EXPLAINED.get(one.kind, frozenset())]
