"""A run's phases as one picture: the report's timeline in a file of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kubestead.errors import KubesteadError
from kubestead.record.model import Operation, Run
from kubestead.report.gantt import Gantt, gantt
from kubestead.report.html import pages, took

COLUMNS, ROW, TOP = 4, 24, 42


@dataclass(frozen=True)
class Entry:
    """A line of the legend, in pixels: the box's style, the text, and how long the phase took."""

    x: float
    y: float
    kind: str
    name: str
    took: str


def picture(run: Run, title: str) -> str:
    """The SVG file; it follows the reader's light or dark.

    Raises:
        KubesteadError: the run's record holds no operation.
    """
    drawn = gantt(with_preparation(run))
    if drawn is None:
        raise KubesteadError(f"the run {run.name} has no operations to draw")
    entries = legend(drawn)
    height = max(entry.y for entry in entries) + 14
    template = pages().get_template("gantt.svg.j2")
    return template.render(gantt=drawn, title=title, legend=entries, height=height) + "\n"


def with_preparation(run: Run) -> Run:
    """The run with what came before its first operation as one of each host: connections, preflight, planning."""
    if not run.operations:
        return run
    hosts = dict.fromkeys(one.host for one in run.operations)
    first = min(one.start for one in run.operations)
    before = [Operation(host, "Preflight", "connections, preflight and plan", run.began, first) for host in hosts]
    return replace(run, operations=[*before, *run.operations])


def legend(drawn: Gantt) -> list[Entry]:
    """The phases in rows below the lanes."""
    named = [
        ("barrier" if phase.colour is None else f"phase-{phase.colour}", phase.name, took(phase.seconds))
        for phase in drawn.phases
    ]
    named.append(("phase-0 same", "pale: nothing changed", ""))
    wide, top = drawn.width / COLUMNS, TOP + drawn.height + ROW
    return [Entry(number % COLUMNS * wide, top + number // COLUMNS * ROW, *entry) for number, entry in enumerate(named)]
