"""``kubestead cilium``: what was chosen, and how Cilium does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kubestead.cli.inventory import Inventory, SiteFile, use_site

if TYPE_CHECKING:
    from kubestead.cilium.explain import Explained

app = typer.Typer(no_args_is_help=True, help="Cilium: what was chosen, what that needs, and whether it was proven.")


@app.callback()
def _commands() -> None:
    """A sub-command stays one though it is the only one."""


@app.command()
def explain(
    inventory: Inventory,
    site: SiteFile = None,
    everything: Annotated[bool, typer.Option("--all", help="Also the choices that are not used.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print each choice of Cilium's: what it does, needs and excludes, and its proof; no host is contacted.

    Exit code 0: told. 1: the spec is refused. 2: wrong usage.
    """
    use_site(site)
    from kubestead.cilium.explain import explained  # noqa: PLC0415 - 'kubestead --help' need not load them
    from kubestead.cli.validate import show  # noqa: PLC0415
    from kubestead.phases.validate import validate  # noqa: PLC0415

    result = validate(inventory)
    if result.spec is None:
        show(result, Console(stderr=True))
        raise typer.Exit(1)
    rows = [row for row in explained(result.spec) if row.used or everything or as_json]
    if as_json:
        typer.echo(json.dumps([row.as_data() for row in rows], indent=1))
    else:
        Console().print(_table(rows))


def _table(rows: list[Explained]) -> Table:
    table = Table(box=None, pad_edge=False, expand=True)
    for column, ratio in (("choice", 4), ("does", 6), ("needs", 5), ("excludes", 5), ("proof", 4)):
        table.add_column(column, overflow="fold", ratio=ratio)
    topic = ""
    for row in rows:
        if row.topic != topic:
            topic = row.topic
            table.add_row("")
            table.add_row(Text(topic, "bold"))
        proof = Text(row.proof, "green" if row.proven else "yellow")
        table.add_row(Text(row.written), Text(row.does), Text(row.needs), Text(row.excludes), proof)
    return table
