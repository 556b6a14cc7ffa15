"""What the view says. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from kubestead.report.html import duration, took

SHOWN_HOSTS = 4


@dataclass
class Progress:
    """How far a run is; times are seconds since it began.

    Args:
        operation, phase: under way.
        since: when that began.
        waiting: hosts that have not done it yet.
        changes: counted on each host.
        last: the last change, in words.
        failed: hosts that failed, in their order.
        left_out: hosts the run went on without.
    """

    phase: str = ""
    operation: str = ""
    since: float = 0
    waiting: set[str] = field(default_factory=set)
    operations: int = 0
    changes: int = 0
    changed_hosts: set[str] = field(default_factory=set)
    last: str = ""
    failed: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def now(self, elapsed: float) -> tuple[str, str]:
        """Two lines on what is under way: the operation and its time, then whom it waits for and what changed last."""
        title = f"{self.phase} | {self.operation}" if self.phase else self.operation
        lasts = elapsed - self.since
        first = f"{duration(elapsed):>9}  {title}" + (f", {duration(lasts)}" if lasts >= 2 else "")
        parts = [f"on {some(self.waiting)}" if self.waiting else "", counted(self.changes, "change")]
        return first, "           " + "; ".join([*filter(None, parts), *([f"last: {self.last}"] if self.last else [])])

    def end(self, elapsed: float, well: bool) -> str:
        """The last line of a run."""
        what = counted(self.changes, "change") if self.changes else "nothing changed"
        where = f" on {counted(len(self.changed_hosts), 'host')}" if self.changes else ""
        how = "done" if well else f"failed on {some(self.failed)}" if self.failed else "ended early"
        how += f" without {some(self.left_out)}" if self.left_out else ""
        return f"{how} in {duration(elapsed)}: {counted(self.operations, 'operation')}, {what}{where}"


def changed_line(operation: str, hosts: Collection[str], seconds: float) -> str:
    """What an operation changed, and where."""
    return _line("changed", operation, hosts, seconds)


def failed_line(operation: str, hosts: Collection[str], seconds: float) -> str:
    """What failed, and where."""
    return _line("failed", operation, hosts, seconds)


def running_line(operation: str, hosts: Collection[str], seconds: float) -> str:
    """What takes its time, and where it has not ended."""
    return _line("running", operation, hosts, seconds)


def _line(word: str, operation: str, hosts: Collection[str], seconds: float) -> str:
    lasted = f" ({took(seconds)})" if seconds >= 1 else ""
    return f"{word:<9}{operation}: {some(hosts)}{lasted}"


def some(hosts: Collection[str]) -> str:
    """The first of these hosts, and how many more."""
    names = sorted(hosts)
    more = len(names) - SHOWN_HOSTS
    return ", ".join(names[:SHOWN_HOSTS]) + (f" and {more} more" if more > 0 else "")


def counted(number: int, word: str) -> str:
    """``1 change``, ``2 changes``."""
    return f"{number} {word}{'' if number == 1 else 's'}"
