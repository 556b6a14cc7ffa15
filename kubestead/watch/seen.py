"""The nodes as the API tells of them, with ages by this process's clock: no foreign clock is compared with ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kubestead.marks import CORDONED_FOR, OUT_OF_SERVICE, is_paused

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


@dataclass
class SeenNode:
    """What the API last said of a node; times are monotonic seconds, None where it does not hold.

    Args:
        cordoned_for: the mark of a remedy that cordoned it; empty where a person did.
        lease: the time the kubelet wrote into the lease, as it came; it is compared with nothing but itself.
        lease_changed: when we saw it change, or first saw it.
        renewed: we did see it change: its kubelet lives, or did after we came.
    """

    name: str
    present: bool = False
    control_plane: bool = False
    ready: bool = False
    not_ready_since: float | None = None
    missing_since: float | None = None
    created: str = ""
    cordoned: bool = False
    cordoned_for: str = ""
    out_of_service: bool = False
    paused: bool = False
    boot_id: str = ""
    pressures: tuple[str, ...] = ()
    lease: str = ""
    lease_changed: float = 0
    renewed: bool = False


class SeenNodes:
    """Keeps the nodes; fed by the streams, read by the watcher, safe between threads.

    A lease is only as old as the time through which we could have seen it change: while the API is away no lease
    grows older, and a stream that is silent is checked by a list before a lease counts as late.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._nodes: dict[str, SeenNode] = {}
        self._checked = clock()

    def list_nodes(self, items: list[dict[str, Any]]) -> None:
        """All Node objects."""
        names = {item["metadata"]["name"] for item in items}
        with self._lock:
            for node in self._nodes.values():
                if node.present and node.name not in names:
                    self._gone(node)
            for item in items:
                self._node(item)

    def change_node(self, kind: str, item: dict[str, Any]) -> None:
        """One Node object came, changed or went."""
        with self._lock:
            if kind == "DELETED":
                self._gone(self._entry(item["metadata"]["name"]))
            else:
                self._node(item)

    def list_leases(self, items: list[dict[str, Any]]) -> None:
        """All leases of nodes."""
        with self._lock:
            for item in items:
                self._lease(item)
            self._checked = self._clock()

    def change_lease(self, kind: str, item: dict[str, Any]) -> None:
        """One lease came, changed or went; what is deleted simply does not change any more."""
        with self._lock:
            if kind != "DELETED":
                self._lease(item)
            self._checked = self._clock()

    def expect(self, names: Iterable[str], apart: Container[str]) -> None:
        """These were in the cluster before; those the API does not know are missing from now on.

        Those kept ``apart`` when last seen (cordoned or paused) are somebody's, as if they were cordoned still.
        """
        with self._lock:
            for name in names:
                node = self._entry(name)  # it may be there by its lease, which outlives it for a while
                if not node.present and node.missing_since is None:
                    self._gone(node)
                    node.cordoned = name in apart

    def blind_for(self, seconds: float, late: float) -> None:
        """The API was away for so long: nothing grew older meanwhile, as far as we know.

        A lease that was not ``late`` (seconds) before starts anew: its kubelet could not renew it, and tries again
        after some seconds.
        """
        now = self._clock()
        with self._lock:
            for node in self._nodes.values():
                was_late = now - seconds - node.lease_changed >= late
                node.lease_changed = node.lease_changed + seconds if was_late else now
                if node.not_ready_since is not None:
                    node.not_ready_since += seconds
                if node.missing_since is not None:
                    node.missing_since += seconds
            self._checked = now

    def unchecked(self, ages: Iterable[float]) -> bool:
        """A lease would have reached one of these ages by now, and the stream has said nothing since it did."""
        now = self._clock()
        with self._lock:
            return any(
                node.present and now - node.lease_changed >= age > self._checked - node.lease_changed
                for node in self._nodes.values()
                for age in ages
            )

    def nodes(self) -> list[tuple[SeenNode, float]]:
        """Copies of the nodes, each with its lease's age in seconds."""
        with self._lock:
            return [
                (SeenNode(**vars(node)), max(0.0, self._checked - node.lease_changed)) for node in self._nodes.values()
            ]

    def node(self, name: str) -> tuple[SeenNode, float] | None:
        """A copy of one node, with its lease's age."""
        with self._lock:
            node = self._nodes.get(name)
            return (SeenNode(**vars(node)), max(0.0, self._checked - node.lease_changed)) if node else None

    def now(self) -> float:
        """The clock the times above are of."""
        return self._clock()

    def _entry(self, name: str) -> SeenNode:
        if name not in self._nodes:
            self._nodes[name] = SeenNode(name, lease_changed=self._clock())
        return self._nodes[name]

    def _gone(self, node: SeenNode) -> None:
        node.present, node.ready, node.missing_since = False, False, self._clock()

    def _node(self, item: Mapping[str, Any]) -> None:
        node, now = self._entry(item["metadata"]["name"]), self._clock()
        conditions = {one["type"]: one["status"] for one in (item.get("status") or {}).get("conditions") or ()}
        if not node.present:
            node.lease_changed = now
        node.present, node.missing_since = True, None
        node.ready = conditions.get("Ready") == "True"
        node.not_ready_since = None if node.ready else (node.not_ready_since or now)
        node.control_plane = CONTROL_PLANE in (item["metadata"].get("labels") or {})
        node.created = item["metadata"].get("creationTimestamp") or ""
        spec = item.get("spec") or {}
        node.cordoned = bool(spec.get("unschedulable"))
        node.cordoned_for = (item["metadata"].get("annotations") or {}).get(CORDONED_FOR, "") if node.cordoned else ""
        node.out_of_service = any(taint["key"] == OUT_OF_SERVICE for taint in spec.get("taints") or ())
        node.paused = is_paused(item)
        node.boot_id = ((item.get("status") or {}).get("nodeInfo") or {}).get("bootID", "")
        node.pressures = tuple(sorted(k for k, v in conditions.items() if k.endswith("Pressure") and v == "True"))

    def _lease(self, item: Mapping[str, Any]) -> None:
        node = self._entry(item["metadata"]["name"])
        renewed = str((item.get("spec") or {}).get("renewTime"))
        if renewed != node.lease:
            node.renewed = bool(node.lease)
            node.lease, node.lease_changed = renewed, self._clock()
