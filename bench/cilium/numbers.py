"""From samples to numbers: what a way gives, and its ratio to the floor of the same moment. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.cilium.samples import FLOOR, Sample, Taken
from bench.results import Spread, read


@dataclass(frozen=True)
class Metric:
    """One of the things a sample holds.

    Args:
        title, unit: in tables.
        value: of a sample.
        more_is_better: otherwise less is.
        digits: after the point.
    """

    title: str
    unit: str
    value: Callable[[Sample], float]
    more_is_better: bool
    digits: int


METRICS = {
    "throughput": Metric("Throughput, one TCP stream", "Gbit/s", lambda one: one.gbit, True, 1),
    "latency": Metric("Latency of a request, median", "us", lambda one: one.p50, False, 0),
    "slowest": Metric("Latency of a request, 99th percentile", "us", lambda one: one.p99, False, 0),
    "connections": Metric("New connections", "per second", lambda one: one.connections, True, 0),
}


@dataclass(frozen=True)
class ModeTaken:
    """All clusters of one mode."""

    name: str
    title: str
    clusters: tuple[Taken, ...]

    def values(self, way: str, metric: Metric) -> list[float]:
        """What a way gave, each time."""
        return [metric.value(repeat[way]) for one in self.clusters for repeat in one.repeats]

    def ratios(self, way: str, metric: Metric) -> Spread:
        """What a way gave to what the floor gave in the same repeat."""
        return Spread.of(
            metric.value(repeat[way]) / metric.value(repeat[FLOOR]) for one in self.clusters for repeat in one.repeats
        )


def by_mode(taken: Iterable[Taken]) -> list[ModeTaken]:
    """The clusters of each mode together, in the order modes came first."""
    found: dict[str, list[Taken]] = {}
    for one in taken:
        found.setdefault(one.mode, []).append(one)
    return [ModeTaken(name, clusters[0].title, tuple(clusters)) for name, clusters in found.items()]


def to_default(mode: ModeTaken, default: ModeTaken, way: str, metric: Metric) -> float:
    """A mode's ratio to the floor, to the default mode's ratio to its floor; medians."""
    return mode.ratios(way, metric).median / default.ratios(way, metric).median


def shown(spread: Spread, digits: int) -> str:
    """``1.2 / **1.3** / 1.4``."""
    return f"{spread.least:.{digits}f} / **{spread.median:.{digits}f}** / {spread.most:.{digits}f}"


def load(path: Path) -> tuple[dict[str, str], list[Taken]]:
    """What a result was taken on, and what was taken; errors as of :func:`bench.results.read`."""
    return read(path, "taken", Taken, "make bench-cilium")


def programs(taken: Sequence[Taken]) -> list[str]:
    """The processes whose memory was looked at."""
    return sorted({agent.program for one in taken for agent in one.agents})
