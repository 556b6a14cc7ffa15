"""What Cilium's modes cost, on a twin of its own. See ``--help``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bench import machine, results
from bench.cilium import floor, numbers, programs
from bench.cilium.chart import picture
from bench.cilium.lab import CiliumLab, Place
from bench.cilium.modes import NAMES, Mode, chosen
from bench.cilium.samples import Taken
from bench.cilium.tables import report
from bench.cilium.taking import in_turn, summary, take
from bench.lab import ROOT
from bench.run import RESULTS, project, say, warm
from kubestead.errors import KubesteadError

KIND = "cilium"


def main(
    mode: Annotated[list[str] | None, typer.Option(help=f"Some of {', '.join(NAMES)}; all without it.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often each mode's cluster is built.")] = 1,
    repeats: Annotated[int, typer.Option(min=1, help="How often every way is measured on it.")] = 3,
    seconds: Annotated[int, typer.Option(min=1, help="How long each of a sample's three measurements takes.")] = 1,
    twin: Annotated[str, typer.Option(help="The twin's name; it is taken down at the end.")] = "bench-cilium",
    more: Annotated[bool, typer.Option("--more", help="Add to this commit's result of today.")] = False,
    source: Annotated[str, typer.Option(help="Where the mirror comes from, as of 'kubestead twin up'.")] = "auto",
    output: Annotated[Path, typer.Option(help="The folder the results are written to.")] = RESULTS,
) -> None:
    """Build a cluster in one mode after the other, and measure the same two pods in each."""
    try:
        wanted = chosen(mode or ())
        title, facts = machine.heading("What Cilium's modes cost")
        facts["each measurement"] = f"{seconds} s"
        path = output / f"{results.stem(facts, KIND)}.json"
        taken = numbers.load(path)[1] if more else []
        with tempfile.TemporaryDirectory(prefix="kubestead-bench-") as folder, _lab(twin, source, Path(folder)) as lab:
            facts |= programs.versions(lab.programs)
            for number, one in enumerate(order(wanted, rounds)):
                if number:
                    lab.make_bare()
                taken.append(take(lab, one, repeats, seconds))
                say(summary(taken[-1]))
                write(output, title, facts, taken)
    except (KubesteadError, ValueError) as error:
        raise SystemExit(f"bench: {error}") from None
    typer.echo(report(taken))
    say(f"for docs/cilium-performance.md: python -m bench.document {path.name}")


def order(wanted: Sequence[Mode], rounds: int) -> Iterator[Mode]:
    """Every mode in every round, forwards and backwards."""
    by_name = {one.name: one for one in wanted}
    for number in range(rounds):
        yield from (by_name[name] for name in in_turn(by_name, number))


def write(folder: Path, title: str, facts: dict[str, str], taken: Sequence[Taken]) -> None:
    """Write what there is so far: data, tables and the picture."""
    drawn = folder / f"{results.stem(facts, KIND)}.svg"
    body = f"![Ratios to the floor by mode]({drawn.name})\n\n{report(taken)}"
    results.write_pair(folder, KIND, title, facts, {"taken": [asdict(one) for one in taken]}, body)
    drawn.write_text(picture(taken, f"Cilium's modes, commit {facts['commit']}"))


@contextmanager
def _lab(name: str, source: str, scratch: Path) -> Iterator[CiliumLab]:
    log = ROOT / ".kubestead" / "bench-cilium.log"
    log.parent.mkdir(exist_ok=True)
    log.write_text("")
    lab = CiliumLab(name, project(scratch), log, programs.folder(scratch))
    if lab.is_up():
        raise KubesteadError(f"the twin {name} is up already; kubestead twin down --name {name}")
    try:
        say("the twin")
        lab.up(source)
        warm(lab.mirror())
        with floor.plugged_in(name), lab.serving(floor.place(name, floor.SERVER)), lab.serving(Place()):
            yield lab
    finally:
        lab.down()


if __name__ == "__main__":
    typer.run(main)
