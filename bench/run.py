"""Takes the numbers: fresh clusters by the floor and by kubestead in turn, second runs, memory. See ``--help``."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bench import cpu, machine, milestones, results
from bench.lab import ROOT, Lab
from kubestead.errors import KubesteadError

RESULTS = ROOT / "bench" / "results"
DEPLOY = "deploys/cluster.py"
# What pyinfra reads from the folder it runs in.
PROJECT = ("config.py", "inventory", "group_data", "deploys")
# Of all processor time, taken by others: above it the person is warned.
NOISY = 0.05


def main(
    twin: Annotated[str, typer.Option(help="The twin's name; one that is up already stays up.")] = "bench",
    rounds: Annotated[int, typer.Option(min=1, help="How often each is built.")] = 3,
    repeats: Annotated[int, typer.Option(min=0, help="Second runs after each of kubestead's clusters.")] = 5,
    source: Annotated[str, typer.Option(help="Where the mirror comes from, as of 'kubestead twin up'.")] = "auto",
    output: Annotated[Path, typer.Option(help="The folder the results are written to.")] = RESULTS,
) -> None:
    """Build the same cluster with bench/floor.sh and with kubestead, in turn, and write how long each took."""
    log = ROOT / ".kubestead" / "bench.log"
    log.parent.mkdir(exist_ok=True)
    log.write_text("")
    with tempfile.TemporaryDirectory(prefix="kubestead-bench-") as scratch:
        lab = Lab(twin, project(Path(scratch)), log)
        was_up = lab.is_up()
        try:
            say("the twin")
            lab.up(source)
            warm(lab.mirror())
            write(output, [take(lab, number, repeats) for number in range(rounds)], source)
        except KubesteadError as error:
            raise SystemExit(f"bench: {error}") from None
        finally:
            if not was_up:
                lab.down()


def project(scratch: Path) -> Path:
    """A folder that looks to pyinfra like this one, with a ``.kubestead`` of its own."""
    folder = scratch / "project"
    folder.mkdir()
    for name in PROJECT:
        (folder / name).symlink_to(ROOT / name)
    return folder


def warm(folder: Path) -> None:
    """Read the mirror once, so that the first round does not pay for the disk."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                while file.read(1 << 20):
                    pass


def take(lab: Lab, number: int, repeats: int) -> results.Round:
    """One round; the order changes from round to round, so that neither always comes first."""
    again: tuple[results.Again, ...] = ()
    order = ("floor", "kubestead") if number % 2 == 0 else ("kubestead", "floor")
    runs: dict[str, results.Fresh] = {}
    for name in order:
        say(f"round {number + 1}: bare hosts")
        lab.make_bare()
        say(f"round {number + 1}: {name}")
        before = look(lab)
        runs[name] = floor(lab, before) if name == "floor" else ours(lab, before)
        say(f"round {number + 1}: {name}: healthy after {runs[name].reached[milestones.HEALTHY]:.1f} s")
        if name != "floor":
            lab.wait_smoke_gone()
            again = tuple(second_run(lab) for _ in range(repeats))
    return results.Round((order[0], order[1]), runs["floor"], runs["kubestead"], again)


def look(lab: Lab) -> results.Before:
    """How busy the machine is, with a warning when that is not the twin's doing; the run goes on all the same."""
    before = results.Before(os.getloadavg()[0], cpu.noise(lab.name))
    if before.noise > NOISY:
        say(f"warning: others take {before.noise:.0%} of the processors (load {before.load:.1f}); expect noisy numbers")
    return before


def floor(lab: Lab, machine_before: results.Before) -> results.Fresh:
    """A fresh cluster by the shell script; writing its files beforehand is not measured."""
    files = lab.project / "floor"
    inventory = lab.pyinfra("debug-inventory", "--json").output
    (lab.project / "inventory.json").write_text(inventory)
    shell = f'{sys.executable} -m bench.floor_files "$0" < inventory.json'
    lab.run(["sh", "-c", shell, str(files)])
    before = cpu.now(lab.name)
    done = lab.run([str(ROOT / "bench" / "floor.sh"), str(files)])
    return results.Fresh(
        milestones.of_floor(done.output.splitlines()), done.seconds, machine_before, cpu.now(lab.name) - before
    )


def ours(lab: Lab, machine_before: results.Before) -> results.Fresh:
    """A fresh cluster by kubestead."""
    before = cpu.now(lab.name)
    done = lab.pyinfra(DEPLOY)
    operations = milestones.read_record(last_record(lab).read_text(), done.started)
    return results.Fresh(
        milestones.of_record(operations), done.seconds, machine_before, cpu.now(lab.name) - before,
        tuple(operations), done.peak_memory_mib,
    )  # fmt: skip


def second_run(lab: Lab) -> results.Again:
    """The same command on the finished cluster."""
    done = lab.pyinfra(DEPLOY)
    operations = milestones.read_record(last_record(lab).read_text(), done.started)
    changed = tuple(one.title for one in operations if one.changed)
    say(f"second run: {done.seconds:.1f} s{', changed: ' + ', '.join(changed) if changed else ''}")
    return results.Again(done.seconds, done.peak_memory_mib, changed)


def last_record(lab: Lab) -> Path:
    """The newest run's record; the folders are named by the time."""
    return max((lab.project / ".kubestead" / "runs").glob("*/operations.jsonl"))


def write(folder: Path, rounds: Sequence[results.Round], source: str) -> None:
    """Write the results and print them."""
    title, facts = machine.heading("Numbers")
    data = {"rounds": [asdict(one) for one in rounds]}
    typer.echo(results.write_pair(folder, "", title, {**facts, "components": source}, data, results.report(rounds)))


def say(text: str) -> None:
    """One line on stderr."""
    typer.echo(f"bench: {text}", err=True)


if __name__ == "__main__":
    typer.run(main)
