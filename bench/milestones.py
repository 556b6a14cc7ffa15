"""When each step of the story was done: of kubestead's run from its run record, of the floor's from what it prints."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kubestead.errors import KubesteadError


@dataclass(frozen=True)
class Milestone:
    """A step both have.

    Args:
        title: how the tables call it.
        phase, operation: kubestead's, as in the run record; of the operation's name, the beginning.
        floor: what ``bench/floor.sh`` calls it; None where it has none.
    """

    title: str
    phase: str
    operation: str
    floor: str | None


HEALTHY = "healthy"
WITH_SMOKE = "with the smoke"
MILESTONES = (
    Milestone("hosts prepared", "", "every host is prepared", "prepared"),
    Milestone("control plane started", "Control plane", "kubeadm init", "initialised"),
    Milestone("Cilium released", "Cilium", "Cilium ", "released"),
    Milestone("workers joined", "Worker", "kubeadm join", "joined"),
    Milestone(HEALTHY, "Verify", "Nodes and system pods", "healthy"),
    Milestone(WITH_SMOKE, "Verify", "Smoke", None),
)


@dataclass(frozen=True)
class Operation:
    """One operation of a run on all its hosts: when the first began and the last ended, and whether any changed.

    Times are in seconds since the run's start.
    """

    phase: str
    name: str
    start: float
    end: float
    changed: bool

    @property
    def title(self) -> str:
        """As pyinfra shows it."""
        return f"{self.phase} | {self.name}" if self.phase else self.name


def read_record(text: str, started: float) -> list[Operation]:
    """The operations of a run record (``operations.jsonl``), in their order.

    Args:
        text: the file.
        started: when the run's process began, seconds since 1970.
    """
    operations: dict[tuple[str, str], Operation] = {}
    for line in text.splitlines():
        row = json.loads(line)
        key = (row["phase"], row["operation"])
        start, end, changed = row["start"] - started, row["end"] - started, bool(row["changed"])
        if known := operations.get(key):
            start, end, changed = min(start, known.start), max(end, known.end), changed or known.changed
        operations[key] = Operation(*key, start, end, changed)
    return list(operations.values())


def of_record(operations: Sequence[Operation]) -> dict[str, float]:
    """When kubestead reached each milestone, seconds since its start, by title.

    Raises:
        KubesteadError: the run has no such operation; it failed, or the operation has another name now.
    """
    reached = {}
    for milestone in MILESTONES:
        ends = [
            one.end for one in operations if one.phase == milestone.phase and one.name.startswith(milestone.operation)
        ]
        if not ends:
            seen = ", ".join(one.title for one in operations)
            raise KubesteadError(
                f"the run record has no operation '{milestone.phase} | {milestone.operation}...' (it has: {seen}); "
                "see the run's log, or correct bench/milestones.py"
            )
        reached[milestone.title] = max(ends)
    return reached


def of_floor(output: Iterable[str]) -> dict[str, float]:
    """When the floor reached each milestone, on the last host, by title.

    Raises:
        KubesteadError: one is missing: the script did not run to its end.
    """
    ends: dict[str, float] = {}
    for line in output:
        fields = line.rstrip("\n").split("\t")
        if fields[0] == "phase":
            ends[fields[1]] = max(float(fields[3]), ends.get(fields[1], 0))
    wanted = [milestone for milestone in MILESTONES if milestone.floor]
    if missing := [milestone.floor for milestone in wanted if milestone.floor not in ends]:
        raise KubesteadError(f"bench/floor.sh printed no end of: {', '.join(map(str, missing))}; see its log")
    return {milestone.title: ends[str(milestone.floor)] for milestone in wanted}
