"""One remedy on one node, what became of it, and what a person was handed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from kubestead.diagnose import Remedy
from kubestead.marks import mark


class Outcome(str, Enum):
    """What became of a remedy."""

    RUNNING = "running"
    RECOVERED = "recovered"
    DONE = "done"
    """It did what it can; the node is not back by it (its pods were let go)."""
    FAILED = "failed"
    TIME_LIMIT = "time-limit"
    INTERRUPTED = "interrupted"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Attempt:
    """One remedy on one node; times in seconds since 1970.

    Args:
        climb: when its climb of the ladder began; attempts of one climb share it.
        why: what was found missing, where it did not end well.
    """

    node: str
    climb: float
    cause: str
    remedy: Remedy
    started: float
    watcher: str
    outcome: Outcome = Outcome.RUNNING
    ended: float | None = None
    why: str = ""

    @property
    def mark(self) -> str:
        """What its deploy writes beside a cordon of its own; see :data:`kubestead.marks.CORDONED_FOR`."""
        return mark(self.remedy.value, self.watcher)


@dataclass(frozen=True)
class Handed:
    """A node that is a person's now: since when, for which cause, and why."""

    since: float
    cause: str
    why: str
