"""``kubestead cache``: what the caches hold, and removing what is not needed any more."""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from kubestead import cache

app = typer.Typer(
    no_args_is_help=True, help="What every clone on this machine shares: components, mirrors, node images."
)


@app.command("list")
def list_entries() -> None:
    """List every entry with its size and age."""
    table = Table("kind", "entry", "size", "modified", title=f"caches in {cache.root()}")
    found = cache.entries()
    for entry in found:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.modified))
        table.add_row(entry.kind, entry.path.name, decimal(entry.size), when)
    Console().print(table)
    typer.echo(f"{decimal(sum(entry.size for entry in found))} in all")


@app.command()
def prune(
    everything: Annotated[
        bool, typer.Option("--all", help="Remove every entry that is not in use; the next build starts from nothing.")
    ] = False,
) -> None:
    """Remove entries that newer ones have replaced and what interrupted builds left; entries in use stay."""
    found = cache.entries()
    freed = 0
    for entry in found if everything else cache.replaced(found):
        removed = cache.remove(entry.path)
        freed += entry.size if removed else 0
        typer.echo(
            f"{'removed' if removed else 'in use, kept:'} {entry.kind}/{entry.path.name} ({decimal(entry.size)})"
        )
    typer.echo(f"{decimal(freed)} freed")
