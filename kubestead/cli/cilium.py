"""``kubestead cilium``: what was chosen, and how Cilium does."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kubestead.cli.inventory import Inventory, SiteFile, use_site

if TYPE_CHECKING:
    from kubestead.cilium.explain import Explained

# Columns for the line of group_data; a longer one is folded.
CHOICE = 40
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
    """A choice on the left, and what there is to say of it on the right, a line each."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(overflow="fold", max_width=CHOICE)
    table.add_column(overflow="fold")
    topic = ""
    for row in rows:
        if row.topic != topic:
            table.add_row("")
            table.add_row(Text(row.topic, "bold"))
            topic = row.topic
        table.add_row(Text(row.written), _said(row))
    return table


def _said(row: Explained) -> Text:
    said = Text(row.does)
    for word, text in (("needs", row.needs), ("excludes", row.excludes)):
        if text:
            said.append(f"\n{word}: ", "dim").append(text)
    if row.used:
        # The test's name is enough to find it.
        proof = re.sub(r"tests/twin/(\w+)\.py(::\w+)?", r"\1", row.proof)
        said.append("\n").append(proof, "green" if row.proven else "yellow")
    return said
