"""``kubestead report``: what a run did, or what the watchers did, on one page of HTML."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

AUDIT = Path(".kubestead/watch/audit.jsonl")
RECOVERIES = "recoveries"
# Beside the record; a page that is made again replaces the one before.
RUN_PAGE, RECOVERIES_PAGE = "report.html", Path(".kubestead/recoveries.html")


def report(
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN]|recoveries",
            help="A run: its name or the beginning of it, or its folder; without one, the newest. The word "
            "'recoveries': what the watchers did.",
            show_default=False,
        ),
    ] = None,
    list_runs: Annotated[bool, typer.Option("--list", help="List the recorded runs, the newest last.")] = False,
    audit: Annotated[
        list[Path] | None,
        typer.Option(
            help=f"For recoveries: a watcher's audit; once for each watcher.  [default: {AUDIT}]", show_default=False
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help=f"The page to write.  [default: {RUN_PAGE} in the run's folder; {RECOVERIES_PAGE}]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write a run, or the timeline of recoveries, as one HTML file that needs nothing else."""
    if audit and run != RECOVERIES:
        raise typer.BadParameter("belongs to 'kubestead report recoveries'", param_hint="--audit")
    if list_runs:
        _list()
    elif run == RECOVERIES:
        _recoveries(audit or [], output or RECOVERIES_PAGE)
    else:
        _run(run, output)


def _run(name: str | None, output: Path | None) -> None:
    from kubestead.record.read import find, read  # noqa: PLC0415 - 'kubestead --help' need not load it
    from kubestead.report.runpage import run_page  # noqa: PLC0415

    folder = find(name)
    run = read(folder)
    output = output or folder / RUN_PAGE
    _write(output, run_page(run, datetime.now().astimezone()))
    typer.echo(f"{output}: {run.title}, {run.outcome}, {run.changed} changes, {run.errors} errors")


def _recoveries(audit: list[Path], output: Path) -> None:
    from kubestead.report.audit import read  # noqa: PLC0415 - as above
    from kubestead.report.page import page  # noqa: PLC0415

    paths = audit or [AUDIT]
    # A watcher that has not run yet has nothing to tell, and that is no error; a path somebody gave is.
    entries, unread = read([path for path in paths if audit or path.exists()])
    _write(output, page(entries, unread, datetime.now().astimezone()))
    typer.echo(f"{output}: {len(entries)} lines of {', '.join(map(str, paths))}")


def _list() -> None:
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from kubestead.record.read import FOLDER, names, read  # noqa: PLC0415
    from kubestead.report.html import duration  # noqa: PLC0415

    table = Table("run", "deploy", "outcome", "took", "changes", box=None)
    for name in names():
        one = read(FOLDER / name)
        table.add_row(name, Text(one.title), one.outcome, duration(one.ended - one.began), str(one.changed))
    # One line each, whatever the terminal's width is: for grep.
    Console(width=160).print(table if table.rows else f"no run is recorded in {FOLDER}")


def _write(output: Path, page: str) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page, encoding="utf-8")
