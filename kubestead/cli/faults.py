"""``kubestead twin faults``, ``break`` and ``heal``: hosts of a twin get what happens to real machines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from kubestead.twin.plan import DEFAULT_NAME

if TYPE_CHECKING:
    from kubestead.twin.faults.model import Fault

_LINE = 260
Name = Annotated[str, typer.Option("--name", help="The twin's name.")]
NodeName = Annotated[str, typer.Argument(metavar="NODE", help="The host; for a fault of the cluster a control plane.")]


def add_to(app: typer.Typer) -> None:
    """Add the three commands to ``kubestead twin``."""
    app.command("faults")(list_faults)
    app.command("break")(break_host)
    app.command("heal")(heal_host)


# The faults are imported where they are wanted: reading their files takes time every other command would wait for too.
def list_faults(
    name: Name = DEFAULT_NAME, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """List the faults there are, and where they are in force on the twin."""
    from kubestead.twin.faults import catalogue, doing  # noqa: PLC0415

    where: dict[str, list[str]] = {}
    for record in doing.in_force(name):
        where.setdefault(record.fault, []).append(record.node)
    if as_json:
        typer.echo(json.dumps([data(one, where.get(one.name, [])) for one in catalogue.faults().values()], indent=1))
        return
    found = Table("fault", "in force on", "for", "cause to find", "cured by", "what happens", box=None)
    for one in catalogue.faults().values():
        note = " (slow)" if one.slow else ""
        nodes, roles = ", ".join(where.get(one.name, [])), ", ".join(one.roles)
        found.add_row(one.name, nodes, roles, one.cause, one.cure, one.title + note)
    # One line each, whatever the terminal's width is: for grep.
    Console(width=_LINE).print(found)


def break_host(
    node: NodeName,
    fault: Annotated[str, typer.Argument(metavar="FAULT", help="The fault; 'kubestead twin faults' lists them.")],
    name: Name = DEFAULT_NAME,
) -> None:
    """Give a host a fault; what healing needs is kept outside the host."""
    from kubestead.twin.faults import doing  # noqa: PLC0415

    doing.break_host(name, node, fault)


def heal_host(
    node: NodeName,
    fault: Annotated[str | None, typer.Argument(metavar="[FAULT]", help="Without one, all in force there.")] = None,
    name: Name = DEFAULT_NAME,
    forget: Annotated[
        bool, typer.Option("--forget", help="Touch nothing; for what a remedy has cured already.")
    ] = False,
) -> None:
    """Undo a host's fault, or all of them."""
    from kubestead.twin.faults import doing  # noqa: PLC0415

    if not doing.heal_host(name, node, fault, forget=forget):
        typer.echo(f"{node}: no fault is in force")


def data(one: Fault, nodes: list[str]) -> dict[str, Any]:
    """A fault as ``faults --json`` prints it."""
    fields = {"name", "title", "cause", "or_causes", "cure", "roles", "not_ready", "slow"}
    return {**one.model_dump(mode="json", include=fields), "in_force": nodes}
