"""The picture: for each metric a panel, in it a group of bars for each way, in it a bar for each mode."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bench.cilium.numbers import METRICS, Metric, ModeTaken, by_mode
from bench.cilium.samples import WAYS, Taken
from bench.cilium.tables import OTHERS
from kubestead.report.html import pages

WIDTH, LEFT, PANEL, GAP, TOP = 1100.0, 40.0, 190.0, 74.0, 72.0
_LEGEND_COLUMNS, _LEGEND_ROW = 3, 22.0
DRAWN = ("throughput", "latency", "connections")


@dataclass(frozen=True)
class Bar:
    """A mode's median and its spread, in pixels; ``text`` is its ratio, ``title`` what it stands for."""

    x: float
    y: float
    width: float
    height: float
    low: float
    high: float
    colour: int
    text: str
    title: str


@dataclass(frozen=True)
class Panel:
    """One metric: its upper edge, ticks as (y, text), groups' names as (x, text)."""

    title: str
    y: float
    floor: float
    ticks: tuple[tuple[float, str], ...]
    groups: tuple[tuple[float, str], ...]
    bars: tuple[Bar, ...]


def picture(taken: Sequence[Taken], title: str) -> str:
    """The SVG file; it follows the reader's light or dark."""
    modes = by_mode(taken)
    panels = [panel(modes, METRICS[name], TOP + n * (PANEL + GAP)) for n, name in enumerate(DRAWN)]
    below = TOP + len(DRAWN) * (PANEL + GAP)
    wide = WIDTH / _LEGEND_COLUMNS
    legend = [
        (LEFT + n % _LEGEND_COLUMNS * wide, below + n // _LEGEND_COLUMNS * _LEGEND_ROW, n, mode.title)
        for n, mode in enumerate(modes)
    ]
    height = max(y for _, y, _, _ in legend) + 16
    template = pages().get_template("modes.svg.j2")
    return template.render(title=title, panels=panels, legend=legend, width=WIDTH, left=LEFT, height=height) + "\n"


def panel(modes: Sequence[ModeTaken], metric: Metric, top: float) -> Panel:
    """One panel; ratios from 0 to just above the greatest, the floor being 1."""
    most = max(1.0, *(mode.ratios(way, metric).most for mode in modes for way in OTHERS))
    step = next(step for step in (0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 1000) if most / step <= 6)
    scale = PANEL / (math.ceil(most / step) * step)
    bottom = top + PANEL
    group = (WIDTH - LEFT) / len(OTHERS)
    width = group * 0.86 / len(modes)
    bars = []
    for place, way in enumerate(OTHERS):
        for number, mode in enumerate(modes):
            found = mode.ratios(way, metric)
            x = LEFT + place * group + group * 0.07 + number * width
            said = f"{mode.title}, {WAYS[way]}: {found.least:.2f} / {found.median:.2f} / {found.most:.2f}"
            bars.append(Bar(
                x, bottom - found.median * scale, width * 0.86, found.median * scale,
                bottom - found.least * scale, bottom - found.most * scale, number % 10, f"{found.median:.2f}", said,
            ))  # fmt: skip
    ticks = tuple((bottom - n * step * scale, f"{n * step:g}") for n in range(math.ceil(most / step) + 1))
    better = "more is better" if metric.more_is_better else "less is better"
    groups = tuple((LEFT + (n + 0.5) * group, WAYS[way]) for n, way in enumerate(OTHERS))
    return Panel(f"{metric.title}, the floor = 1 ({better})", top, bottom - scale, ticks, groups, tuple(bars))
