"""Puts together what is known at one moment: nodes, inventory, work, looks."""

from __future__ import annotations

from datetime import datetime, timezone

from kubestead.recovery.etcd import Members
from kubestead.recovery.history import History
from kubestead.recovery.settings import Settings
from kubestead.recovery.world import NodeState, World
from kubestead.watch.inventory import Inventory
from kubestead.watch.jobs import Jobs, Looks
from kubestead.watch.seen import SeenNode, SeenNodes


class View:
    """Builds the world the policy decides upon.

    Args:
        seen: the nodes of the API.
        inventory: the hosts there is a way to.
        looks, jobs: what was found, and what is being done.
        settings: the limits.
    """

    def __init__(self, seen: SeenNodes, inventory: Inventory, looks: Looks, jobs: Jobs, settings: Settings) -> None:
        self._seen, self._inventory, self._looks, self._jobs = seen, inventory, looks, jobs
        self._settings = settings
        self._healthy_since: dict[str, float] = {}

    def world(self, history: History, leading: bool, paused: bool | None, etcd: Members | None) -> World:
        """The cluster now. A node that is neither in the cluster nor in the inventory is none."""
        known = history.nodes
        nodes = tuple(
            self._state(node, age, history, node.name in known)
            for node, age in self._seen.nodes()
            if node.present or (node.name in known and node.name in self._inventory.names)
        )
        for node in nodes:
            if not node.busy and not node.suspect(self._settings):
                self._looks.forget(node.name)
        return World(nodes, leading, paused, etcd)

    def planes(self, history: History) -> tuple[NodeState, ...]:
        """The inventory's control planes, for when the API says nothing; whether one is a suspect cannot be known."""
        found = [seen for name in self._inventory.control_planes if (seen := self._seen.node(name))]
        # One the API never told of may be cordoned or paused: it is left out.
        return tuple(self._state(*seen, history, known=True) for seen in found)

    def _state(self, node: SeenNode, lease_age: float, history: History, known: bool) -> NodeState:
        now, name = self._seen.now(), node.name
        kind, remedy = self._jobs.busy(name) or ("", None)
        return NodeState(
            name=name,
            control_plane=node.control_plane or name in self._inventory.control_planes,
            managed=name in self._inventory.names,
            known=known,
            young=not known and node.present and _age(node.created) < self._settings.young,
            present=node.present,
            ready=node.ready,
            not_ready_for=_since(node.not_ready_since, now) if node.present else 0,
            lease_age=lease_age,
            missing_for=_since(node.missing_since, now),
            healthy_for=self._healthy_for(node, lease_age, now),
            cordoned=node.cordoned and history.marked(name, node.cordoned_for) is None,
            paused=node.paused,
            has_power=name in self._inventory.power,
            busy=kind,
            remedy=remedy,
            look=self._looks.get(name),
        )

    def _healthy_for(self, node: SeenNode, lease_age: float, now: float) -> float:
        # A lease that is only young because this watcher has just begun to look proves nothing.
        if not (node.present and node.ready and node.renewed and lease_age < self._settings.act_after):
            self._healthy_since.pop(node.name, None)
            return 0
        return max(1e-3, now - self._healthy_since.setdefault(node.name, now))


def _since(moment: float | None, now: float) -> float:
    return 0 if moment is None else max(0.0, now - moment)


def _age(created: str) -> float:
    """Seconds since the API server's clock showed this; two machines' clocks are near enough for minutes."""
    if not created:
        return 0
    return (datetime.now(timezone.utc) - datetime.fromisoformat(created.replace("Z", "+00:00"))).total_seconds()
