"""Where things stand on the page: time to pixels, lanes, ticks. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kubestead.report.incidents import Incident

WIDTH, LABEL, LANE, AXIS = 1100.0, 150.0, 34.0, 26.0
# A recovery takes seconds and the report spans days: a bar has to be seen and hit all the same.
LEAST_WIDTH = 5.0
# Steps between ticks that people count in, in seconds: seconds, minutes, hours, days.
_STEPS = (1, 2, 5, 10, 15, 30, *(60 * n for n in (1, 2, 5, 10, 15, 30)), *(3600 * n for n in (1, 2, 3, 6, 12)),
          *(86400 * n for n in (1, 2, 7, 14, 30, 90, 365, 1825)))  # fmt: skip
_MOST_TICKS = 9


@dataclass(frozen=True)
class Bar:
    """An incident in its lane, in pixels; ``number`` is its row in the table below."""

    incident: Incident
    number: int
    x: float
    width: float


@dataclass(frozen=True)
class Lane:
    """A node's lane: its upper edge in pixels."""

    node: str
    y: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Timeline:
    """All lanes, and ticks of the axis as pixels with their text."""

    lanes: tuple[Lane, ...]
    ticks: tuple[tuple[float, str], ...]
    height: float
    width: float = WIDTH
    label: float = LABEL


def timeline(found: Sequence[Incident]) -> Timeline | None:
    """The picture of these incidents; None where there are none."""
    if not found:
        return None
    begin, end = min(one.began for one in found), max(one.until for one in found)
    # Some air on both sides, and a span even for a single moment.
    air = max((end - begin) * 0.03, timedelta(seconds=5))
    begin, end = begin - air, end + air
    scale = (WIDTH - LABEL) / (end - begin).total_seconds()

    def place(time: datetime) -> float:
        return round(LABEL + (time - begin).total_seconds() * scale, 1)

    lanes = []
    for row, node in enumerate(sorted({one.node for one in found})):
        bars = [
            Bar(one, number, place(one.began), round(max(LEAST_WIDTH, one.seconds * scale), 1))
            for number, one in enumerate(found, 1)
            if one.node == node
        ]
        lanes.append(Lane(node, row * LANE, tuple(bars)))
    return Timeline(tuple(lanes), tuple((place(at), text) for at, text in _ticks(begin, end)), len(lanes) * LANE + AXIS)


@dataclass(frozen=True)
class Segment:
    """A part of an incident's own bar, in per cent of it: what went on, and what became of it."""

    start: float
    width: float
    kind: str
    text: str


def segments(incident: Incident) -> list[Segment]:
    """The incident's own bar: its remedies, and the time between them."""
    whole = max(incident.seconds, 0.001)

    def share(time: datetime) -> float:
        return round(min(100.0, max(0.0, (time - incident.began).total_seconds() / whole * 100)), 2)

    parts = []
    for step in incident.steps:
        start = min(share(step.began), 99.3)
        end = share(step.ended or incident.until)
        took = ((step.ended or incident.until) - step.began).total_seconds()
        kind = {"recovered": "good", "": "running"}.get(step.outcome, "bad")
        text = f"{step.remedy}: {step.outcome or 'not ended'}, {took:.0f} s"
        parts.append(Segment(start, round(max(0.7, end - start), 2), kind, text))
    return parts


def _ticks(begin: datetime, end: datetime) -> list[tuple[datetime, str]]:
    span = (end - begin).total_seconds()
    step = next((step for step in _STEPS if span / step <= _MOST_TICKS), _STEPS[-1])
    shape = "%H:%M:%S" if step < 60 else "%H:%M" if step < 86400 else "%d %b" if step < 30 * 86400 else "%b %Y"
    # Whole hours and days as the clock on the wall shows them.
    offset = (begin.utcoffset() or timedelta()).total_seconds()
    first = ((begin.timestamp() + offset) // step + 1) * step - offset
    count = int((end.timestamp() - first) // step) + 1
    times = [datetime.fromtimestamp(first + index * step, tz=begin.tzinfo) for index in range(max(0, count))]
    return [(time, time.strftime(shape)) for time in times]
