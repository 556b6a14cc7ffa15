"""The numbers as tables. The first mode taken is what the others are compared with."""

from __future__ import annotations

from collections.abc import Sequence

from bench.cilium.numbers import METRICS, Metric, ModeTaken, by_mode, shown, to_default
from bench.cilium.samples import FLOOR, WAYS, Taken
from bench.results import Spread, table

OTHERS = tuple(way for way in WAYS if way != FLOOR)
# Of all processor time, taken by others.
NOISY = 0.1
ABOUT = """\
Ratios are to the floor of the same repeat (least / **median** / most); x is the ratio of such medians to that of the
first mode. Least, median and greatest stand for every raw value."""


def noise(taken: Sequence[Taken]) -> str:
    """A warning where others were at work on the machine; else empty."""
    most = max(one.quiet.others for one in taken)
    if most <= NOISY:
        return ""
    return (
        f"**Noisy**: others took up to {most:.0%} of the processors when the measurements began. The floor is in no\n"
        "host's cgroup and then gets less than a host's share: ratios to it are too high, and not by the same factor\n"
        "in every mode. Read the raw values, and only where their spreads do not meet."
    )


def report(taken: Sequence[Taken]) -> str:
    """The numbers of at least one cluster in Markdown."""
    parts = [ABOUT, *filter(None, [noise(taken)])]
    for name, metric in METRICS.items():
        better = "more is better" if metric.more_is_better else "less is better"
        parts += [f"## {metric.title}\n\n{metric.unit}; {better}.", TABLES[name](taken)]
    parts += ["## Agents", agents(taken), "## Raw values", raw(taken), "## Clusters", clusters(taken)]
    return "\n\n".join(parts)


def ratios(taken: Sequence[Taken], metric: Metric) -> str:
    """A row for each mode: the floor as it is, every way as a ratio to it."""
    modes = by_mode(taken)
    rows = [
        (
            mode.title,
            shown(Spread.of(mode.values(FLOOR, metric)), metric.digits),
            *(_ratio(mode, modes[0], way, metric) for way in OTHERS),
        )
        for mode in modes
    ]
    return table(("mode", f"{WAYS[FLOOR]}, {metric.unit}", *(WAYS[way] for way in OTHERS)), rows)


def _ratio(mode: ModeTaken, default: ModeTaken, way: str, metric: Metric) -> str:
    beside = "" if mode is default else f", x {to_default(mode, default, way, metric):.2f}"
    return shown(mode.ratios(way, metric), 2) + beside


def slowest(taken: Sequence[Taken]) -> str:
    """A row for each mode as it is: most of it is the processors' scheduler, so that ratios would say nothing."""
    metric = METRICS["slowest"]
    rows = [
        (mode.title, *(shown(Spread.of(mode.values(way, metric)), metric.digits) for way in WAYS))
        for mode in by_mode(taken)
    ]
    return table((f"mode, {metric.unit}", *WAYS.values()), rows)


def agents(taken: Sequence[Taken]) -> str:
    """Memory and processor time of the agents and of kube-proxy, over the nodes."""
    rows = []
    for mode in by_mode(taken):
        for program in sorted({one.program for cluster in mode.clusters for one in cluster.agents}):
            found = [(c, one) for c in mode.clusters for one in c.agents if one.program == program]
            held = [one.working_set_mib for _, one in found if one.working_set_mib is not None]
            rows.append((
                mode.title,
                program,
                shown(Spread.of(one.rss_mib for _, one in found), 0),
                shown(Spread.of(held), 0) if held else "",
                shown(Spread.of(one.start_cpu for _, one in found), 1),
                shown(Spread.of(one.cpu / cluster.seconds * 100 for cluster, one in found), 1),
            ))  # fmt: skip
    columns = ("mode", "program", "resident, MiB", "working set, MiB", "CPU to start, s", "CPU meanwhile, % of a core")
    return table(columns, rows)


def raw(taken: Sequence[Taken]) -> str:
    """Every way of every mode as it was measured."""
    rows = []
    for mode in by_mode(taken):
        for way, title in WAYS.items():
            cells = (shown(Spread.of(mode.values(way, metric)), metric.digits) for metric in METRICS.values())
            rows.append((mode.title, title, *cells))
    return table(("mode", "way", *(f"{metric.title}, {metric.unit}" for metric in METRICS.values())), rows)


def clusters(taken: Sequence[Taken]) -> str:
    """What each agent said of its mode, and how quiet the machine was."""
    rows = []
    for one in taken:
        words = {", ".join(f"{key} {value}" for key, value in said.items() if value) for said in one.said.values()}
        share = f"{one.quiet.twin:.0%} / {one.quiet.others:.0%}"
        rows.append((one.title, " // ".join(sorted(words)), f"{one.build_seconds:.0f}", share, str(len(one.repeats))))
    columns = (
        "mode", "what every agent said", "built in, s", "at work before: twin / others", "repeats",
    )  # fmt: skip
    return table(columns, rows)


TABLES = {
    "throughput": lambda taken: ratios(taken, METRICS["throughput"]),
    "latency": lambda taken: ratios(taken, METRICS["latency"]),
    "slowest": slowest,
    "connections": lambda taken: ratios(taken, METRICS["connections"]),
    "agents": agents,
    "raw": raw,
    "clusters": clusters,
}
