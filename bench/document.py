"""Fills the tables of docs/performance.md from a result of ``make bench``: ``python -m bench.document RESULT.json``.

A table there stands between ``<!-- bench FILE: NAME -->`` and ``<!-- end -->``; FILE is in ``bench/results``, or
``none`` where no numbers were taken yet.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from bench import results, tables
from bench.lab import ROOT
from kubestead.errors import KubesteadError

RESULTS = ROOT / "bench" / "results"
DOCUMENT = ROOT / "docs" / "performance.md"
NONE = "none"
TABLES = {"fresh": tables.fresh, "second run": tables.second_run, "memory": tables.memory}
BLOCK = re.compile(r"<!-- bench (\S+): ([a-z ]+) -->\n.*?<!-- end -->", re.DOTALL)


def main(result: Annotated[str, typer.Argument(help="A file of bench/results, ending in .json.")]) -> None:
    """Put the numbers of a result into docs/performance.md."""
    try:
        text = re.sub(r"<!-- bench \S+:", f"<!-- bench {Path(result).name}:", DOCUMENT.read_text())
        DOCUMENT.write_text(filled(text))
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
    if name not in (*TABLES, "picture"):
        raise KubesteadError(
            f"docs/performance.md: no table is called {name!r}; there are: {', '.join(TABLES)}, picture"
        )
    if file == NONE:
        return f"{head}\n\n*Not taken yet: `make bench` on a quiet machine, then `python -m bench.document`.*\n\n{end}"
    path = RESULTS / file
    facts, rounds = results.load(path)
    if name == "picture":
        drawn = f"../bench/results/{path.stem}.svg"
        return f"{head}\n\n![Operations of a fresh run by host and time]({drawn})\n\n{end}"
    return f"{head}\n\n{TABLES[name](rounds)}\n\n{taken_on(path, facts, len(rounds))}\n\n{end}"


def taken_on(path: Path, facts: dict[str, str], rounds: int) -> str:
    """One line of what the numbers were taken on."""
    where = f"{facts['CPU']}, {facts['memory']}, {facts['OS']}"
    return f"{rounds} rounds, {facts['date']}, {where} ([bench/results/{path.stem}](../bench/results/{path.stem}.md))."


if __name__ == "__main__":
    typer.run(main)
