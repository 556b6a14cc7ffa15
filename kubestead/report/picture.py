"""The cluster as a picture: the API, control planes, workers, and the networks they share. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kubestead.record.model import Node, Run

WIDTH = 1100.0
_GAP, _ROW_GAP, _EDGE = 12.0, 14.0, 14.0
# Big boxes for the few, small ones for the many.
_BIG, _SMALL, _MANY = (206.0, 82.0), (124.0, 40.0), 20
_API_HEIGHT, _TITLE, _BAND = 40.0, 24.0, 48.0

State = Literal["changed", "same", "failed", "absent"]


@dataclass(frozen=True)
class Box:
    """A node's box: its place in pixels, and how this run was for it."""

    node: Node
    x: float
    y: float
    state: State
    text: str


@dataclass(frozen=True)
class Group:
    """Nodes of one role: a title at ``y``, and their boxes."""

    title: str
    y: float
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class Band:
    """A network all nodes share: its name, what is known of it, and its place; that of the pods frames the nodes."""

    title: str
    text: str
    y: float
    height: float


@dataclass(frozen=True)
class Picture:
    """Everything, in pixels; ``big`` boxes have room for a second line."""

    groups: tuple[Group, ...]
    pods: Band | None
    services: Band | None
    endpoint: str
    box: tuple[float, float]
    big: bool
    height: float
    width: float = WIDTH
    api_height: float = _API_HEIGHT


_WORDS: dict[State, str] = {
    "changed": "changed by this run",
    "same": "as it should be; nothing changed",
    "failed": "failed or not reached",
    "absent": "not part of this run",
}


def picture(run: Run) -> Picture | None:
    """The picture of the run's cluster; None where no node is known."""
    if not run.nodes:
        return None
    big = len(run.nodes) <= _MANY
    box = _BIG if big else _SMALL
    top = _API_HEIGHT + _ROW_GAP if run.cluster.get("endpoint") else 0.5
    y = top + (_BAND if run.cluster.get("pods") else 0)
    groups = []
    for role, title in (("control plane", "Control plane"), ("worker", "Workers"), ("", "Nodes")):
        members = [node for node in run.nodes if node.role == role or (not role and node.role not in _ROLES)]
        if members:
            groups.append(Group(f"{title} ({len(members)})", y, _boxes(members, run, y + _TITLE, box)))
            y = groups[-1].boxes[-1].y + box[1] + _ROW_GAP
    pods, services = _networks(run, top, y)
    return Picture(tuple(groups), pods, services, run.cluster.get("endpoint", ""), box, big, y + _ROW_GAP + _BAND)


_ROLES = ("control plane", "worker")


def state_of(name: str, run: Run) -> State:
    """How the run was for a node."""
    own = [one for one in run.operations if one.host == name]
    if name in run.failed_hosts or any(one.error for one in own):
        return "failed"
    if not own and name not in run.hosts:
        return "absent"
    return "changed" if any(one.changed for one in own) else "same"


def _boxes(members: Sequence[Node], run: Run, y: float, box: tuple[float, float]) -> tuple[Box, ...]:
    width, height = box
    columns = int((WIDTH - 2 * _EDGE + _GAP) // (width + _GAP))
    found = []
    for number, node in enumerate(members):
        row, column = divmod(number, columns)
        state = state_of(node.name, run)
        pods = f", pods {node.pods}" if node.pods else ""
        text = f"{node.name}, {node.address or 'address not known'}{pods}: {_WORDS[state]}"
        found.append(Box(node, _EDGE + column * (width + _GAP), y + row * (height + _ROW_GAP), state, text))
    return tuple(found)


def _networks(run: Run, top: float, bottom: float) -> tuple[Band | None, Band | None]:
    """The pods' network, which frames the nodes from ``top`` to ``bottom``, and below it the services'."""
    facts = run.cluster
    pods = services = None
    if facts.get("pods"):
        size, mode = facts.get("pods of a node"), facts.get("Cilium mode") or "mode not known"
        parts = [
            f"{size} of it for each node" if size else "",
            f"Cilium {facts.get('Cilium', '')} ({mode})",
            f"kube-proxy {facts.get('kube-proxy', 'not known')}",
            f"Hubble {facts.get('Hubble', 'not known')}",
        ]
        pods = Band(f"Pods {facts['pods']}", " · ".join(filter(None, parts)), top, bottom - top)
    if facts.get("services"):
        told = f"DNS {facts.get('DNS', 'not known')}"
        services = Band(f"Services {facts['services']}", told, bottom + _ROW_GAP, _API_HEIGHT)
    return pods, services
