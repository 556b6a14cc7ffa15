"""The numbers as tables."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from bench.milestones import HEALTHY, MILESTONES
from bench.results import Again, Fresh, Round, Spread, table

SPREAD = "least / **median** / most"


def report(rounds: Sequence[Round]) -> str:
    """The numbers of at least one round in Markdown."""
    parts = [
        f"## Fresh cluster\n\nSeconds since the start, {SPREAD}; bare hosts, warm mirror.\n\n{fresh(rounds)}",
        f"## Second run\n\n{second_run(rounds)}",
        f"## Memory\n\nThe controller's greatest process, MiB.\n\n{memory(rounds)}",
        _rounds(rounds),
        _operations([one.ours for one in rounds]),
    ]
    return "\n\n".join(parts)


def fresh(rounds: Sequence[Round]) -> str:
    """When each milestone was reached."""
    playbooks = [one.playbook for one in rounds if one.playbook]
    rows = []
    for milestone in MILESTONES:
        ours = Spread.of(one.ours.reached[milestone.title] for one in rounds)
        row = [milestone.title, "", str(ours), ""]
        if milestone.floor:
            floor = Spread.of(one.floor.reached[milestone.title] for one in rounds)
            row[1], row[3] = str(floor), f"{ours.median / floor.median:.2f}"
        if playbooks:
            reached = [one.reached[milestone.title] for one in playbooks if milestone.title in one.reached]
            row.append(str(Spread.of(reached)) if reached else "")
        rows.append(row)
    columns = ("reached", "floor", "kubestead", "kubestead / floor", "ansible")
    return table(columns[: len(rows[0])], rows)


def second_run(rounds: Sequence[Round]) -> str:
    """kubestead's second runs and the playbook's on the same cluster."""
    ours = [run for one in rounds for run in one.again]
    theirs = [run for one in rounds for run in one.playbook_again]
    own = [one.playbook_own for one in rounds if one.playbook_own]
    rows = [_again("kubestead", ours)] if ours else []
    rows += [_again("ansible", theirs)] if theirs else []
    rows += [_again("ansible, on the cluster it built", own)] if own else []
    if ours and theirs:
        ratio = Spread.of(run.seconds for run in theirs).median / Spread.of(run.seconds for run in ours).median
        rows.append(("ansible / kubestead", "", f"**{ratio:.1f}**", "", ""))
    return table(("", "runs", f"seconds, {SPREAD}", "controller's processor seconds", "changed"), rows)


def memory(rounds: Sequence[Round]) -> str:
    """The controller's peak memory."""
    values = {
        "kubestead, fresh cluster": [one.ours.peak_memory_mib for one in rounds],
        "kubestead, second run": [run.peak_memory_mib for one in rounds for run in one.again],
        "ansible, fresh cluster": [one.playbook.peak_memory_mib for one in rounds if one.playbook],
        "ansible, second run": [run.peak_memory_mib for one in rounds for run in one.playbook_again],
    }
    known = {name: [value for value in found if value is not None] for name, found in values.items()}
    return table(("", SPREAD), [(name, str(Spread.of(found))) for name, found in known.items() if found])


def _again(name: str, runs: Sequence[Again]) -> tuple[str, ...]:
    changed = sorted({title for run in runs for title in run.changed})
    cpu = [run.cpu_seconds for run in runs if run.cpu_seconds is not None]
    taken = str(Spread.of(cpu)) if cpu else ""
    return name, str(len(runs)), str(Spread.of(run.seconds for run in runs)), taken, ", ".join(changed) or "nothing"


def _rounds(rounds: Sequence[Round]) -> str:
    rows = []
    for number, one in enumerate(rounds, 1):
        for name in one.order:
            run = one.built(name)
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
