"""``kubestead report``: what the watchers did, on one page of HTML."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

AUDIT = Path(".kubestead/watch/audit.jsonl")
OUTPUT = Path(".kubestead/report.html")


def report(
    audit: Annotated[
        list[Path] | None,
        typer.Option(help=f"A watcher's audit; once for each watcher.  [default: {AUDIT}]", show_default=False),
    ] = None,
    output: Annotated[Path, typer.Option(help="The page to write.")] = OUTPUT,
) -> None:
    """Write the timeline of recoveries as one HTML file that needs nothing else."""
    from kubestead.report.audit import read  # noqa: PLC0415 - 'kubestead --help' need not load it
    from kubestead.report.page import page  # noqa: PLC0415

    paths = audit or [AUDIT]
    # A watcher that has not run yet has nothing to tell, and that is no error; a path somebody gave is.
    entries, unread = read([path for path in paths if audit or path.exists()])
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page(entries, unread, datetime.now().astimezone()))
    typer.echo(f"{output}: {len(entries)} lines of {', '.join(map(str, paths))}")
