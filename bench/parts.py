"""Where a second run's time goes: ``kubestead twin exec -- .venv/bin/python -m bench.parts``, its cluster being up."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer

from bench import child, machine
from bench.lab import ROOT
from bench.results import Spread, table, write_pair
from bench.run import RESULTS, say

# pyinfra's stages, in the words of the table: what happens until the next one begins.
STAGES = {
    "start": "Python starts",
    "Python is up": "Python loads pyinfra",
    "pyinfra is loaded": "pyinfra reads its arguments, config.py, the inventory and group_data",
    "Setup": "pyinfra sets up its state",
    "Connect": "three SSH connections, at once",
    "Prepare": "preflight, and what the operations ask the hosts",
    "Execute": "operations: none has anything to do",
    "Disconnect": "the record is written, connections are closed",
}


@dataclass(frozen=True)
class Run:
    """One run: seconds in each stage, and its commands as (host, began after the start, took, first words)."""

    seconds: float
    cpu_seconds: float
    stages: dict[str, float]
    commands: list[tuple[str, float, float, str]]


def main(
    runs: Annotated[int, typer.Option(min=1, help="How many runs are watched, after one that is not.")] = 5,
    inventory: Annotated[Path, typer.Option(help="The cluster's inventory.")] = Path("inventory/lab.py"),
    output: Annotated[Path, typer.Option(help="The folder the results are written to.")] = RESULTS,
) -> None:
    """Watch runs that change nothing, and write where their time went."""
    taken = [watch(inventory) for _ in range(runs + 1)][1:]
    title, facts = machine.heading("Where a second run's time goes")
    typer.echo(write_pair(output, "parts", title, facts, {"runs": list(map(asdict, taken))}, report(taken)))


def watch(inventory: Path) -> Run:
    """One run of ``deploys/cluster.py``."""
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "notes"
        argv = [sys.executable, "-m", "bench.watched", str(notes), "-y", str(inventory), "deploys/cluster.py"]
        done = child.run(argv, ROOT, {}, Path(folder) / "log")
        noted = json.loads(notes.read_text())
    begins = [("start", done.started), *noted["stages"], ("end", done.started + done.seconds)]
    stages: dict[str, float] = {}
    for (name, began), (_, ended) in pairwise(begins):
        stages[name] = stages.get(name, 0.0) + ended - began
    commands = [(host, began - done.started, took, text) for host, began, took, text in noted["commands"]]
    say(f"{done.seconds:.2f} s, {len(commands)} commands")
    return Run(done.seconds, done.cpu_seconds, stages, commands)


def report(runs: Sequence[Run]) -> str:
    """The parts in Markdown, and the commands of the run of median length."""
    names = list(dict.fromkeys(name for run in runs for name in run.stages))
    medians = {name: statistics.median(run.stages.get(name, 0.0) for run in runs) for name in names}
    rows = [(STAGES.get(name, name), f"{seconds:.2f}") for name, seconds in medians.items()]
    rows.append(("**in all**", str(Spread.of(run.seconds for run in runs))))
    rows.append(("the controller's processor", str(Spread.of(run.cpu_seconds for run in runs))))
    middle = sorted(runs, key=lambda run: run.seconds)[len(runs) // 2]
    commands = [(host, f"{began:.2f}", f"{took:.2f}", f"`{text}`") for host, began, took, text in middle.commands]
    return "\n\n".join(
        [
            table(("part", "seconds, median"), rows),
            f"## Commands\n\nOf the run that took {middle.seconds:.2f} s; hosts are asked at the same time.",
            table(("host", "began, s", "took, s", "begins with"), commands),
        ]
    )


if __name__ == "__main__":
    typer.run(main)
