"""Takes the numbers: fresh clusters by the floor and by kubestead in turn, second runs beside a playbook's, memory.

See ``--help``.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bench import child, cpu, machine, milestones, results, tables
from bench.lab import ROOT, Lab
from bench.picture import picture
from bench.playbook import Playbook, programs, version
from kubestead.errors import KubesteadError
from kubestead.record import read
from kubestead.record.model import Run

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
    playbook: Annotated[int, typer.Option(min=0, help="How many of them the ansible playbook has as well.")] = 2,
    playbook_fresh: Annotated[
        bool, typer.Option(help="Build one cluster by the playbook too, in the first round.")
    ] = True,
    source: Annotated[str, typer.Option(help="Where the mirror comes from, as of 'kubestead twin up'.")] = "auto",
    output: Annotated[Path, typer.Option(help="The folder the results are written to.")] = RESULTS,
) -> None:
    """Build the same cluster with bench/floor.sh and with kubestead, in turn, and write how long each took.

    bench/ansible is what kubestead's second run is measured against.
    """
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
            if playbook or playbook_fresh:
                programs()
            taken = [
                take(lab, number, repeats, playbook, fresh_playbook=playbook_fresh and number == 0)
                for number in range(rounds)
            ]
            write(output, taken, source)
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


def take(lab: Lab, number: int, repeats: int, playbook: int, fresh_playbook: bool) -> tuple[results.Round, Run]:
    """One round, and the record of kubestead's fresh run.

    The order changes from round to round, so that neither always comes first; the playbook's cluster is the last.
    """
    order: tuple[str, ...] = ("floor", "kubestead") if number % 2 == 0 else ("kubestead", "floor")
    order += ("playbook",) if fresh_playbook else ()
    runs: dict[str, results.Fresh] = {}
    ours_again: list[results.Again] = []
    playbook_again: list[results.Again] = []
    for name in order:
        say(f"round {number + 1}: bare hosts")
        lab.make_bare()
        say(f"round {number + 1}: {name}")
        runs[name] = BUILD[name](lab, look(lab))
        say(f"round {number + 1}: {name}: healthy after {runs[name].reached[milestones.HEALTHY]:.1f} s")
        if name == "kubestead":
            record = read.read(last_record(lab).parent)
            lab.wait_smoke_gone()
            for repeat in range(max(repeats, playbook)):
                ours_again += [second_run(lab)] if repeat < repeats else []
                playbook_again += [second_playbook(lab)] if repeat < playbook else []
    own = second_playbook(lab) if fresh_playbook else None
    taken = results.Round(
        order, runs["floor"], runs["kubestead"], tuple(ours_again), runs.get("playbook"), tuple(playbook_again), own
    )
    return taken, record


def look(lab: Lab) -> results.Before:
    """How busy the machine is, with a warning when that is not the twin's doing; the run goes on all the same."""
    before = results.Before(os.getloadavg()[0], cpu.noise(lab.name))
    if before.noise > NOISY:
        say(f"warning: others take {before.noise:.0%} of the processors (load {before.load:.1f}); expect noisy numbers")
    return before


def floor(lab: Lab, machine_before: results.Before) -> results.Fresh:
    """A fresh cluster by the shell script; writing its files beforehand is not measured."""
    files = lab.project / "floor"
    lab.write_files("bench.floor_files", files)
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


def by_playbook(lab: Lab, machine_before: results.Before) -> results.Fresh:
    """A fresh cluster by the playbook; it is through when the cluster is healthy."""
    playbook = Playbook.of(lab)
    before = cpu.now(lab.name)
    done = playbook.run().process
    return results.Fresh(
        {milestones.HEALTHY: done.seconds}, done.seconds, machine_before, cpu.now(lab.name) - before,
        peak_memory_mib=done.peak_memory_mib,
    )  # fmt: skip


BUILD = {"floor": floor, "kubestead": ours, "playbook": by_playbook}


def second_playbook(lab: Lab) -> results.Again:
    """The playbook on the finished cluster."""
    done = Playbook.of(lab).run()
    return told(again(done.process, done.changed), "playbook's second run")


def second_run(lab: Lab) -> results.Again:
    """The same command on the finished cluster."""
    done = lab.pyinfra(DEPLOY)
    operations = milestones.read_record(last_record(lab).read_text(), done.started)
    changed = tuple(one.title for one in operations if one.changed)
    return told(again(done, changed), "second run")


def again(done: child.Finished, changed: tuple[str, ...]) -> results.Again:
    """A run on the finished cluster."""
    return results.Again(done.seconds, done.peak_memory_mib, changed, done.cpu_seconds)


def told(again: results.Again, what: str) -> results.Again:
    """Say how a run on the finished cluster went."""
    say(f"{what}: {again.seconds:.1f} s{', changed: ' + ', '.join(again.changed) if again.changed else ''}")
    return again


def last_record(lab: Lab) -> Path:
    """The newest run's record; the folders are named by the time."""
    return max((lab.project / ".kubestead" / "runs").glob("*/operations.jsonl"))


def write(folder: Path, taken: Sequence[tuple[results.Round, Run]], source: str) -> None:
    """Write the results and print them; drawn is the run whose time is the median, or next to it."""
    rounds = [one for one, _ in taken]
    title, facts = machine.heading("Numbers")
    facts = {**facts, "ansible-core": version(), "components": source}
    data = {"rounds": [asdict(one) for one in rounds]}
    path = folder / f"{results.stem(facts)}.svg"
    body = f"![Operations of a fresh run by host and time]({path.name})\n\n{tables.report(rounds)}"
    typer.echo(results.write_pair(folder, "", title, facts, data, body))
    by_time = sorted(taken, key=lambda one: one[0].ours.reached[milestones.HEALTHY])
    shown, record = by_time[(len(by_time) - 1) // 2]
    seconds = shown.ours.reached[milestones.HEALTHY]
    path.write_text(
        picture(record, f"A fresh cluster by kubestead, commit {facts['commit']}: healthy after {seconds:.0f} s")
    )
    say(f"drawn: {path.name}; for docs/performance.md: python -m bench.document {path.with_suffix('.json').name}")


def say(text: str) -> None:
    """One line on stderr."""
    typer.echo(f"bench: {text}", err=True)


if __name__ == "__main__":
    typer.run(main)
