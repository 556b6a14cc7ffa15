"""Fills a page's tables from a result: ``python -m bench.document RESULT.json``.

``make bench`` is for docs/performance.md, ``make bench-scale`` for docs/scale.md, ``make bench-cilium`` for
docs/cilium-performance.md; the file's name tells which. A table stands between
``<!-- bench FILE: NAME -->`` and ``<!-- end -->``; FILE is in ``bench/results``, or ``none`` where no numbers were
taken yet.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from bench import results, scale, tables
from bench.cilium import numbers
from bench.cilium import tables as cilium
from bench.lab import ROOT
from bench.scalelab import Taken
from kubestead.errors import KubesteadError

RESULTS = ROOT / "bench" / "results"
DOCUMENT, SCALE_DOCUMENT = ROOT / "docs" / "performance.md", ROOT / "docs" / "scale.md"
CILIUM_DOCUMENT = ROOT / "docs" / "cilium-performance.md"
SCALE, CILIUM = "-scale.json", "-cilium.json"
NONE = "none"
TABLES = {"fresh": tables.fresh, "second run": tables.second_run, "memory": tables.memory}
SCALE_TABLES: dict[str, Callable[[list[Taken], int], str]] = {
    "few and many": lambda taken, cores: scale.rows((one for one in taken if one.what in ("fresh", "no-op")), cores),
    "many to few": scale.many_to_few,
    "parallel": lambda taken, cores: scale.rows((one for one in taken if "--parallel" in one.what), cores),
    "dead or far": lambda taken, cores: scale.rows((one for one in taken if re.search("dead|away", one.what)), cores),
}
BLOCK = re.compile(r"<!-- bench (\S+): ([a-z ]+) -->\n.*?<!-- end -->", re.DOTALL)


def main(result: Annotated[str, typer.Argument(help="A file of bench/results, ending in .json.")]) -> None:
    """Put the numbers of a result into its document."""
    kinds = {SCALE: SCALE_DOCUMENT, CILIUM: CILIUM_DOCUMENT}
    document = next((page for ending, page in kinds.items() if result.endswith(ending)), DOCUMENT)
    try:
        text = re.sub(r"<!-- bench \S+:", f"<!-- bench {Path(result).name}:", document.read_text())
        document.write_text(filled(text))
    except KubesteadError as error:
        raise SystemExit(f"bench: {error}") from None


def filled(text: str) -> str:
    """The document with every block as its file says.

    Raises:
        KubesteadError: a block names a file or a table that there is not.
    """
    return BLOCK.sub(lambda found: block(found[1], found[2]), text)


def block(file: str, name: str) -> str:
    """One block: its table, what it was taken on, and the picture beside the first."""
    head, end = f"<!-- bench {file}: {name} -->", "<!-- end -->"
    known = names(file)
    if name not in known:
        raise KubesteadError(f"no table is called {name!r}; there are: {', '.join(known)}")
    if file == NONE:
        return (
            f"{head}\n\n*Not taken yet: the make target on a quiet machine, then `python -m bench.document`.*\n\n{end}"
        )
    path = RESULTS / file
    return f"{head}\n\n{content(path, name)}\n\n{end}"


def names(file: str) -> tuple[str, ...]:
    """The tables there are for a result, or, where none was taken, for any."""
    plain, of_modes = (*TABLES, "picture"), (*cilium.TABLES, "picture")
    if file == NONE:
        return (*plain, *SCALE_TABLES, *of_modes)
    return tuple(SCALE_TABLES) if file.endswith(SCALE) else of_modes if file.endswith(CILIUM) else plain


def content(path: Path, name: str) -> str:
    """What stands in a block of a result."""
    drawn = f"../bench/results/{path.stem}.svg"
    if path.name.endswith(SCALE):
        facts, runs = scale.load(path)
        return f"{SCALE_TABLES[name](runs, scale.cores(facts))}\n\n{taken_on(path, facts)}"
    if path.name.endswith(CILIUM):
        facts, taken = numbers.load(path)
        if name == "picture":
            return "\n\n".join(filter(None, [cilium.noise(taken), f"![Ratios to the floor by mode]({drawn})"]))
        return f"{cilium.TABLES[name](taken)}\n\nEach measurement {facts['each measurement']}; {taken_on(path, facts)}"
    facts, rounds = results.load(path)
    if name == "picture":
        return f"![Operations of a fresh run by host and time]({drawn})"
    return f"{TABLES[name](rounds)}\n\n{len(rounds)} rounds, {taken_on(path, facts)}"


def taken_on(path: Path, facts: dict[str, str]) -> str:
    """What the numbers were taken on."""
    where = f"{facts['CPU']}, {facts['memory']}, {facts['OS']}"
    return f"{facts['date']}, {where} ([bench/results/{path.stem}](../bench/results/{path.stem}.md))."


if __name__ == "__main__":
    typer.run(main)
