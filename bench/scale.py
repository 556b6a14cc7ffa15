"""Numbers at scale, on a light twin: few hosts and many, dead ones and far ones, ``--parallel``, two controllers.

``python -m bench.scale``, as root; results go to ``bench/results``. The light twin simulates kubeadm, kubelet, kubectl
and Helm; connections, checks, host preparation, packages and containerd are real.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated

import typer

from bench import machine
from bench.lab import ROOT
from bench.results import table, write_pair
from bench.run import RESULTS, say
from bench.scalelab import ScaleLab, Taken, make_project
from kubestead.errors import KubesteadError

STEPS = ("small-and-large", "parallel", "far", "dead", "shards")
DELAY = 0.1  # seconds each way
PARALLEL = (5, 10, 20, 40, 51)
ABOUT = """\
kubeadm, kubelet, kubectl and Helm are simulated here (docs/scale.md); the rest is real. Hosts, mirror and
controller share {cores} cores. The twin's CPU time is its hosts' and its mirror's; others are whoever else was at
work on this machine, and where they had much the numbers are poor. Own wall is the wall time less the CPU time of
both over all cores, and never less than the controller's own. Of two shards at once the first is in the table, and
the twin's CPU time is both shards'."""
# Of how many hosts some are dead or far, and how many those are.
FEW, ILL = 5, 5


def main(
    workers: Annotated[int, typer.Option(help="Workers of the light twin.")] = 50,
    name: Annotated[str, typer.Option(help="The twin's name; it is taken down at the end.")] = "bench-scale",
    source: Annotated[str, typer.Option(help="Where the mirror comes from.")] = "auto",
    output: Annotated[Path, typer.Option(help="The folder the results are written to.")] = RESULTS,
    only: Annotated[list[str] | None, typer.Option(help=f"Some of {', '.join(STEPS)}.")] = None,
) -> None:
    """Take the numbers and write them down."""
    title, facts = machine.heading("Numbers at scale")
    steps = dict(zip(STEPS, (small_and_large, parallel, far, dead, shards), strict=True))
    cores = os.cpu_count() or 1
    taken: list[Taken] = []
    text = ""
    with tempfile.TemporaryDirectory() as folder, _twin(name, source, workers, Path(folder)) as lab:
        for step in (steps[step] for step in only or STEPS):
            taken += step(lab, lab.nodes())
            data = [asdict(one) | {"own_seconds": one.own_seconds(cores)} for one in taken]
            text = write_pair(output, "scale", title, facts, {"taken": data}, report(taken, cores))
    typer.echo(text)


@contextmanager
def _twin(name: str, source: str, workers: int, folder: Path) -> Iterator[ScaleLab]:
    log = ROOT / ".kubestead" / "bench-scale.log"
    log.parent.mkdir(exist_ok=True)
    lab = ScaleLab(name, make_project(folder / "project"), log)
    say(f"a light twin with {workers} workers; what is said goes to {lab.log}")
    try:
        lab.up_light(source, workers)
        yield lab
    finally:
        lab.down()


def small_and_large(lab: ScaleLab, nodes: list[str]) -> Iterator[Taken]:
    """A fresh cluster and a run that changes nothing, with few workers, then with all."""
    few = nodes[: FEW + 1]
    for chosen in (few, nodes):
        if chosen is nodes:
            lab.bare(few)
        site = lab.site(f"of{len(chosen)}", chosen)
        for what in ("fresh", "no-op"):
            yield _said(lab.deploy(what, site, len(chosen)))


def parallel(lab: ScaleLab, nodes: list[str]) -> Iterator[Taken]:
    """A run that changes nothing, with as many hosts at a time."""
    for number in PARALLEL:
        done = lab.deploy(
            f"no-op, --parallel {number}", lab.site("all", nodes), len(nodes), "--parallel", str(number), code=None
        )
        yield _said(done)


def far(lab: ScaleLab, nodes: list[str]) -> Iterator[Taken]:
    """Some workers 200 ms away."""
    slow = nodes[1 : ILL + 1]
    with lab.relays(slow, DELAY):
        yield _said(lab.deploy(f"no-op, {ILL} hosts 200 ms away", lab.site("far", nodes, slow), len(nodes)))


def dead(lab: ScaleLab, nodes: list[str]) -> Iterator[Taken]:
    """Some workers without power: the run that is refused, and the run that leaves them out; then both ills at once."""
    lost, slow = nodes[-ILL:], nodes[1 : ILL + 1]
    lab.power("off", lost)
    site, skip = lab.site("all", nodes), ("--data", "skip_unreachable=true")
    yield _said(lab.deploy(f"{ILL} dead hosts: refused", site, len(nodes), code=1))
    yield _said(lab.deploy(f"{ILL} dead hosts, skip_unreachable", site, len(nodes), *skip, code=1))
    with lab.relays(slow, DELAY):
        far_site = lab.site("ill", nodes, slow)
        what = f"{ILL} dead hosts and {ILL} 200 ms away, skip_unreachable"
        yield _said(lab.deploy(what, far_site, len(nodes), *skip, code=1))
    lab.power("on", lost)


def shards(lab: ScaleLab, nodes: list[str]) -> Iterator[Taken]:
    """Two controllers at once, each with the control plane and workers of its own, bare before."""
    chosen = [nodes[1 : ILL + 1], nodes[ILL + 1 : 2 * ILL + 1]]
    lab.bare([node for shard in chosen for node in shard])
    site = lab.site("all", nodes)
    options = [[part for node in (nodes[0], *shard) for part in ("--limit", node)] for shard in chosen]
    other = make_project(lab.project.parent / "other")
    beside = lab.start(site, other, *options[1])
    first = lab.deploy(f"shard 1 of 2: {ILL} bare workers", site, ILL + 1, *options[0])
    if beside.wait(600):
        raise KubesteadError(f"the second shard failed:\n{(other / 'run.log').read_text()[-2000:]}")
    yield _said(first)


def _said(one: Taken) -> Taken:
    say(f"{one.what}, {one.hosts} hosts: {one.seconds:.1f} s, exit code {one.code}")
    return one


def report(taken: list[Taken], cores: int) -> str:
    """The numbers in Markdown."""
    parts = [ABOUT.format(cores=cores), rows(taken, cores)]
    if several := many_to_few(taken, cores):
        parts += ["## Many to few", several]
    return "\n\n".join(parts)


def rows(taken: Iterable[Taken], cores: int) -> str:
    """A row for each run."""
    columns = (
        "run", "hosts", "wall, s", "twin's CPU, s", "others' CPU, s", "own wall, s", "controller's CPU, s",
        "per host, s", "peak memory, MiB", "changes", "exit code",
    )  # fmt: skip
    return table(columns, [_row(one, cores) for one in taken])


def many_to_few(taken: list[Taken], cores: int) -> str:
    """What many hosts take in the time of few; empty where only one of both was measured."""
    many = max(one.hosts for one in taken)
    ratios = [
        (what, f"{large.own_seconds(cores) / small.own_seconds(cores):.1f}", f"{large.seconds / small.seconds:.1f}")
        for what in ("fresh", "no-op")
        for small, large in zip(_of(taken, what, FEW + 1), _of(taken, what, many), strict=False)
    ]
    return table(("run", "own wall", "raw wall"), ratios) if ratios else ""


def load(path: Path) -> tuple[dict[str, str], list[Taken]]:
    """What a result was taken on, and its runs.

    Raises:
        KubesteadError: it is no such file.
    """
    try:
        data = json.loads(path.read_text())
        names = [one.name for one in fields(Taken)]
        return dict(data["facts"]), [Taken(**{name: run[name] for name in names}) for run in data["taken"]]
    except (OSError, ValueError, KeyError) as error:
        raise KubesteadError(f"{path.name}: no result of make bench-scale: {error!r}") from None


def cores(facts: Mapping[str, str]) -> int:
    """How many processors a result was taken on."""
    return int(facts["CPU"].partition(" x ")[0])


def _row(one: Taken, cores: int) -> tuple[str, ...]:
    seconds = (one.seconds, one.twin_cpu, one.others_cpu, one.own_seconds(cores), one.controller_cpu)
    memory = f"{one.peak_memory_mib:.0f}" if one.peak_memory_mib else ""
    changes = "" if one.changes is None else str(one.changes)
    per_host = f"{one.controller_cpu / one.hosts:.2f}"
    return one.what, str(one.hosts), *(f"{it:.1f}" for it in seconds), per_host, memory, changes, str(one.code)


def _of(taken: list[Taken], what: str, hosts: int) -> list[Taken]:
    return [one for one in taken if (one.what, one.hosts) == (what, hosts)]


if __name__ == "__main__":
    typer.run(main)
