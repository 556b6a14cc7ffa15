"""A run's operations in lanes, one per host: time to pixels, colours by phase. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from kubestead.record.model import Operation, Run
from kubestead.report.html import duration, took

# The axis ends before the picture does: its last tick has a text.
WIDTH, LABEL, AXIS, _RIGHT = 1100.0, 170.0, 26.0, 30.0
# With many hosts lanes are thin, or the picture would be longer than anybody scrolls.
_LANE, _THIN_LANE, _MANY_HOSTS = 26.0, 13.0, 40
_LEAST_WIDTH = 1.5
# Short operations further apart than this are not drawn as one.
_GAP = 3.0
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_MOST_TICKS = 12
# As many as the page's style has colours for.
COLOURS = 10
BARRIER = "waiting for each other"


@dataclass(frozen=True)
class Bar:
    """One operation on one host, or several short ones; in pixels."""

    x: float
    width: float
    kind: str
    text: str


@dataclass(frozen=True)
class Lane:
    """A host's lane: its upper edge in pixels."""

    host: str
    y: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Phase:
    """A phase, its colour's number (None: a barrier), and from when to when it lasted, in seconds."""

    name: str
    colour: int | None
    seconds: float
    changed: int


@dataclass(frozen=True)
class Gantt:
    """The picture; ticks are pixels and text."""

    lanes: tuple[Lane, ...]
    ticks: tuple[tuple[float, str], ...]
    phases: tuple[Phase, ...]
    height: float
    lane: float
    unfinished: bool
    width: float = WIDTH
    label: float = LABEL


def gantt(run: Run) -> Gantt | None:
    """The picture of a run; None where nothing was done."""
    if not run.operations:
        return None
    begin = min(one.start for one in run.operations)
    end = max(run.ended, begin + 0.1)
    scale = (WIDTH - LABEL - _RIGHT) / (end - begin)
    phases = _phases(run.operations, end)
    colours = {one.name: one.colour for one in phases}
    hosts = _hosts(run)
    lane = _LANE if len(hosts) <= _MANY_HOSTS else _THIN_LANE
    by_host: dict[str, list[Operation]] = {}
    for one in run.operations:
        by_host.setdefault(one.host, []).append(one)

    def bar(group: Sequence[Operation]) -> Bar:
        first, last = group[0], max(one.end or end for one in group)
        x = min(round(LABEL + (first.start - begin) * scale, 1), WIDTH - _LEAST_WIDTH)
        width = max(_LEAST_WIDTH, round((last - first.start) * scale, 1))
        return Bar(x, min(width, round(WIDTH - x, 1)), _kind(group, colours), _text(group, end))

    lanes = [
        Lane(host, number * lane, tuple(bar(group) for group in _groups(by_host.get(host, []), scale, end)))
        for number, host in enumerate(hosts)
    ]
    unfinished = any(one.end is None for one in run.operations)
    return Gantt(tuple(lanes), _ticks(end - begin, scale), phases, len(lanes) * lane + AXIS, lane, unfinished)


def _hosts(run: Run) -> list[str]:
    """Those of the run and those that did something, in the inventory's order."""
    seen = dict.fromkeys([*(one.name for one in run.nodes), *run.hosts, *sorted({one.host for one in run.operations})])
    about = {*run.hosts, *(one.host for one in run.operations)}
    return [host for host in seen if host in about]


def _phases(operations: Sequence[Operation], end: float) -> tuple[Phase, ...]:
    """In the order they began; a colour each."""
    found: dict[str, list[Operation]] = {}
    for one in operations:
        found.setdefault(one.phase or BARRIER, []).append(one)
    phases, number = [], 0
    for name, members in found.items():
        own = name == BARRIER
        # What is started early and awaited later would count the time between: the sum of its operations, by host.
        by_host: dict[str, float] = {}
        for one in members:
            by_host[one.host] = by_host.get(one.host, 0) + (one.end or end) - one.start
        colour = None if own else number % COLOURS
        phases.append(Phase(name, colour, max(by_host.values()), sum(one.changed for one in members)))
        number += not own
    return tuple(sorted(phases, key=lambda one: one.colour is None))


def _groups(operations: Sequence[Operation], scale: float, end: float) -> list[list[Operation]]:
    """Each operation by itself, but those of a phase too short to be seen that changed nothing together."""

    def key(one: Operation) -> tuple[str, bool]:
        plain = not one.changed and not one.error and one.end is not None
        return one.phase, plain and ((one.end or end) - one.start) * scale < _LEAST_WIDTH

    groups: list[list[Operation]] = []
    for (_, short), members in groupby(operations, key):
        last = None
        for one in members:
            if short and last is not None and (one.start - (last.end or end)) * scale < _GAP:
                groups[-1].append(one)
            else:
                groups.append([one])
            last = one
    return groups


def _kind(group: Sequence[Operation], colours: dict[str, int | None]) -> str:
    colour = colours[group[0].phase or BARRIER]
    phase = "barrier" if colour is None else f"phase-{colour}"
    if any(one.error for one in group):
        return f"{phase} error"
    if any(one.end is None for one in group):
        return f"{phase} unfinished"
    return phase if any(one.changed for one in group) else f"{phase} same"


def _text(group: Sequence[Operation], end: float) -> str:
    first = group[0]
    if len(group) > 1:
        whole = (group[-1].end or end) - first.start
        return f"{first.host}: {first.phase or BARRIER}, {len(group)} operations, {took(whole)}, nothing changed"
    how = "failed" if first.error else "changed" if first.changed else "nothing changed"
    how = "not ended" if first.end is None else how
    return f"{first.host}: {first.title}, {took((first.end or end) - first.start)}, {how}"


def _ticks(span: float, scale: float) -> tuple[tuple[float, str], ...]:
    step = next((step for step in _STEPS if span / step <= _MOST_TICKS), max(_STEPS[-1], span / _MOST_TICKS))
    count = int(span // step)
    return tuple((round(LABEL + number * step * scale, 1), duration(number * step)) for number in range(count + 1))
