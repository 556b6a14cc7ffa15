"""The numbers as data: what is measured, how it is kept, and how it is read again."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from bench.cpu import Usage
from bench.milestones import Operation
from kubestead.errors import KubesteadError

_T = TypeVar("_T")


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
        operations: kubestead's, one by one; the others have none.
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
    """One run on the finished cluster.

    Args:
        seconds: the whole process.
        peak_memory_mib: the controller's.
        changed: the operations that changed something.
        cpu_seconds: the controller's processor time, which others on the machine hardly lengthen.
    """

    seconds: float
    peak_memory_mib: float | None
    changed: tuple[str, ...]
    cpu_seconds: float | None = None


@dataclass(frozen=True)
class Round:
    """A fresh cluster each way, in this order, and the runs on kubestead's that followed.

    Args:
        order: what was built, one after the other.
        floor, ours, playbook: the fresh clusters; the playbook's is not built in every round.
        again: kubestead's second runs.
        playbook_again: the playbook's, on the same cluster, between kubestead's.
        playbook_own: one of the playbook on the cluster it built itself.
    """

    order: tuple[str, ...]
    floor: Fresh
    ours: Fresh
    again: tuple[Again, ...]
    playbook: Fresh | None = None
    playbook_again: tuple[Again, ...] = ()
    playbook_own: Again | None = None

    def built(self, name: str) -> Fresh:
        """The fresh cluster of ``name``, one of ``order``."""
        found = {"floor": self.floor, "kubestead": self.ours, "playbook": self.playbook}[name]
        assert found  # noqa: S101 - it is in the order
        return found


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
    path = folder / stem(facts, kind)
    path.with_suffix(".json").write_text(json.dumps({"facts": facts, **data}, indent=1) + "\n")
    path.with_suffix(".md").write_text(text)
    return text


def stem(facts: Mapping[str, str], kind: str = "") -> str:
    """What a result's files are called, without their endings."""
    return "-".join(filter(None, (facts["date"], facts["commit"].partition(",")[0], kind)))


def load(path: Path) -> tuple[dict[str, str], list[Round]]:
    """What ``make bench`` wrote: what the numbers were taken on, and the rounds; errors as of :func:`read`."""
    return read(path, "rounds", Round, "make bench")


def read(path: Path, key: str, kind: type[_T], made_by: str) -> tuple[dict[str, str], list[_T]]:
    """What a result was taken on, and what stands below ``key``, of one kind each.

    Raises:
        KubesteadError: it is no result of the command ``made_by``.
    """
    try:
        data = json.loads(path.read_text())
        return dict(data["facts"]), TypeAdapter(list[kind]).validate_python(data[key])  # type: ignore[valid-type]
    except (OSError, ValueError, KeyError, ValidationError) as error:
        reason = str(error).splitlines()[0]
        raise KubesteadError(f"{path.name}: not a result of '{made_by}': {reason}") from None


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar in a cell is escaped."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
