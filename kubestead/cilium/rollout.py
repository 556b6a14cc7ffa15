"""Cilium's agents while their configuration changes: which run the newest one, and in which order the others follow.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

# An agent whose container ended this often on its own will not come up: the first try is followed by others after
# 10 and 20 s.
CRASHES = 2
_RECONCILED = 2


@dataclass(frozen=True)
class AgentPod:
    """An agent's pod.

    Args:
        name, uid, node: what it is called, and where it runs.
        ready: it is ready and not about to go.
        newest: it is of the DaemonSet's newest form, so of the newest configuration.
        restarts: how often its agent's container, or one before it, was started again.
        waiting: what its containers wait for.
    """

    name: str
    uid: str
    node: str
    ready: bool
    newest: bool
    restarts: int = 0
    waiting: str = ""

    @property
    def fails(self) -> bool:
        """It keeps ending, or cannot be started at all."""
        return not self.ready and (self.restarts >= CRASHES or "InvalidImageName" in self.waiting)

    def __str__(self) -> str:
        words = ["ready" if self.ready else "not ready", self.waiting]
        words += [f"started again {self.restarts} times"] if self.restarts else []
        return f"{self.name} {', '.join(filter(None, words))}"


@dataclass(frozen=True)
class Rollout:
    """Every agent, and the operator.

    Args:
        pods: the agents' pods, those about to go too.
        control_planes: names of the nodes that are control planes.
        settled: the DaemonSet's controller has seen its newest form; until then ``newest`` of a pod means nothing.
        operator: the operator's pods are all of its newest form and available.
        failing_operators: those of its pods that keep ending.
    """

    pods: tuple[AgentPod, ...]
    control_planes: tuple[str, ...]
    settled: bool
    operator: bool
    failing_operators: tuple[str, ...] = ()

    @property
    def outdated(self) -> tuple[str, ...]:
        """The nodes whose agent runs an older configuration, workers first."""
        nodes = {pod.node for pod in self.pods if not pod.newest}
        return tuple(sorted(nodes, key=lambda node: (node in self.control_planes, node)))

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that have an agent."""
        return tuple(sorted({pod.node for pod in self.pods}))

    def on(self, node: str) -> tuple[AgentPod, ...]:
        """The pods of a node."""
        return tuple(pod for pod in self.pods if pod.node == node)

    def runs_newest(self, node: str) -> bool:
        """The node's one agent is of the newest configuration and ready."""
        pods = self.on(node)
        return self.settled and len(pods) == 1 and pods[0].newest and pods[0].ready


def batches(outdated: tuple[str, ...], together: bool) -> tuple[tuple[str, ...], ...]:
    """The nodes in the order they are switched.

    Args:
        outdated: their names, workers first.
        together: all at once, for nodes of the old and the new kind cannot talk to each other. A node goes on with its
            old programs while its agent restarts, so that all of them change at almost the same moment.
    """
    if together and outdated:
        return (outdated,)
    return tuple((node,) for node in outdated)


def parse(lines: list[str]) -> Rollout | None:
    """What ``kubestead/facts/cilium_rollout.sh`` prints; None where it was not answered.

    Raises:
        ValueError: a line is not of its form.
    """
    rows: dict[str, list[list[str]]] = {}
    for kind, *fields in (line.split("\t") for line in lines if "\t" in line or line == "answered"):
        rows.setdefault(kind, []).append(fields)
    if "answered" not in rows:
        return None
    revisions = [(int(number), name) for name, number in rows.get("revision", ()) if name]
    newest = max(revisions, default=(0, ""))[1]
    pods = tuple(_pod(row, newest) for row in rows.get("pod", ()))
    agents = rows.get("DaemonSet/cilium", [["", "-"]])[0]
    generation, observed, wanted, *counts = rows.get("Deployment/cilium-operator", [["", "-", "0"]])[0]
    return Rollout(
        pods=pods,
        control_planes=tuple(row[0] for row in rows.get("control-plane", ())),
        settled=agents[0] == agents[1],
        operator=generation == observed and len(counts) == _RECONCILED and all(one == wanted for one in counts),
        failing_operators=tuple(
            name
            for name, ready, restarts in rows.get("operator", ())
            if ready != "True" and max((int(count) for count in restarts.split()), default=0) >= CRASHES
        ),
    )


def _pod(row: list[str], newest: str) -> AgentPod:
    name, uid, node, ready, leaving, revision, restarts, first_restarts, waiting, first = row
    counts = [int(count) for count in f"{restarts} {first_restarts}".split()]
    return AgentPod(
        name, uid, node, ready == "True" and not leaving, revision == newest, max(counts, default=0),
        " ".join(f"{first} {waiting}".split()),
    )  # fmt: skip
