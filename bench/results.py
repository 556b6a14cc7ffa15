"""The numbers as data and as a table."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.cpu import Usage
from bench.milestones import HEALTHY, MILESTONES, Operation


@dataclass(frozen=True)
class Before:
    """The machine before a run.

    Args:
        load: its load average over one minute, which still holds the run before.
        noise: the share of all processor time others than the twin took, 0 to 1, in the last seconds.
    """

    load: float
    noise: float


@dataclass(frozen=True)
class Fresh:
    """One fresh cluster.

    Args:
        reached: seconds since the start at each milestone, by its title.
        seconds: the whole process.
        before: the machine before the start.
        cpu: processor time from the start to the end of the process.
        operations: kubestead's, one by one; the floor has none.
        peak_memory_mib: the controller's.
    """

    reached: dict[str, float]
    seconds: float
    before: Before
    cpu: Usage
    operations: tuple[Operation, ...] = ()
    peak_memory_mib: float | None = None


@dataclass(frozen=True)
class Again:
    """One run on the finished cluster: the whole process's seconds, and the operations that changed something."""

    seconds: float
    peak_memory_mib: float | None
    changed: tuple[str, ...]


@dataclass(frozen=True)
class Round:
    """A fresh cluster each way, in this order, and the runs on kubestead's that followed."""

    order: tuple[str, str]
    floor: Fresh
    ours: Fresh
    again: tuple[Again, ...]


@dataclass(frozen=True)
class Spread:
    """Least, median and greatest of some numbers."""

    least: float
    median: float
    most: float

    @classmethod
    def of(cls, numbers: Iterable[float]) -> Spread:
        """The spread of at least one number."""
        known = list(numbers)
        return cls(min(known), statistics.median(known), max(known))

    def __str__(self) -> str:
        return f"{self.least:.1f} / **{self.median:.1f}** / {self.most:.1f}"


def report(rounds: Sequence[Round]) -> str:
    """The numbers of at least one round in Markdown."""
    return "\n\n".join([_fresh(rounds), _again(rounds), _rounds(rounds), _operations([one.ours for one in rounds])])


def write_pair(
    folder: Path, kind: str, title: str, facts: Mapping[str, str], data: Mapping[str, object], body: str
) -> str:
    """Write ``<date>-<commit>[-<kind>].json`` and ``.md``; returns the latter's text.

    Args:
        folder: made where it is not there.
        kind: what was measured; empty for the cluster's own numbers.
        title: the first line.
        facts: what the numbers were taken on, by name; with ``date`` and ``commit``.
        data: the numbers, for the JSON file.
        body: the numbers in Markdown.
    """
    about = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    text = f"# {title}\n\n{about}\n\n{body}\n"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "-".join(filter(None, (facts["date"], facts["commit"].partition(",")[0], kind)))
    path.with_suffix(".json").write_text(json.dumps({"facts": facts, **data}, indent=1) + "\n")
    path.with_suffix(".md").write_text(text)
    return text


def _fresh(rounds: Sequence[Round]) -> str:
    rows = []
    for milestone in MILESTONES:
        ours = Spread.of(one.ours.reached[milestone.title] for one in rounds)
        if not milestone.floor:
            rows.append((milestone.title, "", str(ours), ""))
            continue
        floor = Spread.of(one.floor.reached[milestone.title] for one in rounds)
        rows.append((milestone.title, str(floor), str(ours), f"{ours.median / floor.median:.2f}"))
    head = "## Fresh cluster\n\nSeconds since the start, least / **median** / most; bare hosts, warm mirror."
    return head + "\n\n" + table(("reached", "floor", "kubestead", "kubestead / floor"), rows)


def _again(rounds: Sequence[Round]) -> str:
    again = [run for one in rounds for run in one.again]
    memory = {
        "fresh cluster": [one.ours.peak_memory_mib for one in rounds],
        "second run": [run.peak_memory_mib for run in again],
    }
    rows = [("second run, whole process, s", str(Spread.of(run.seconds for run in again)))] if again else []
    for name, values in memory.items():
        known = [value for value in values if value is not None]
        rows += [(f"controller's peak memory, {name}, MiB", str(Spread.of(known)))] if known else []
    changed = sorted({name for run in again for name in run.changed})
    rows += [("changed by a second run", ", ".join(changed) or "nothing")] if again else []
    return "## Second run and memory\n\n" + table(("", "least / **median** / most"), rows)


def _rounds(rounds: Sequence[Round]) -> str:
    rows = []
    for number, one in enumerate(rounds, 1):
        for name in one.order:
            run = one.floor if name == "floor" else one.ours
            cpu = [f"{value:.0f}" for value in (run.cpu.twin, run.cpu.others, run.cpu.idle, run.cpu.steal)]
            rows.append((str(number), name, f"{run.reached[HEALTHY]:.1f}", f"{run.before.noise:.0%}", *cpu))
    columns = ("round", "what", "healthy, s", "noise before", "twin", "others", "idle", "steal")
    text = (
        "Noise is the share of processor time that others took before the start. The last four are processor seconds "
        "of the whole run; `others` is the controller and any noise."
    )
    return f"## Rounds\n\n{text}\n\n{table(columns, rows)}"


def _operations(runs: Sequence[Fresh]) -> str:
    times: dict[str, list[tuple[float, float]]] = {}
    for run in runs:
        for one in run.operations:
            times.setdefault(one.title, []).append((one.end - one.start, one.end))
    rows = [
        (title, f"{statistics.median(took for took, _ in pairs):.2f}", f"{statistics.median(e for _, e in pairs):.2f}")
        for title, pairs in times.items()
    ]
    return "## kubestead's operations\n\nMedians, seconds.\n\n" + table(("operation", "took", "ended at"), rows)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar in a cell is escaped."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
