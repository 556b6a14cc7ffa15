"""``kubestead doctor``: what is wrong with the nodes, what would be done about it, and the command for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kubestead.cli.inventory import Inventory
from kubestead.cli.looking import look
from kubestead.errors import KubesteadError

if TYPE_CHECKING:
    # Imported where it is used: it brings cryptography along, which every other command would wait for.
    from kubestead.diagnose import Diagnosis

DEPLOY = "deploys/diagnose.py"
# The deepest findings come first; what a person reads at a glance.
EVIDENCE = 4


def doctor(
    inventory: Inventory,
    nodes: Annotated[list[str] | None, typer.Argument(metavar="[NODE]...", help="Nodes; without any, all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one list of diagnoses.")] = False,
) -> None:
    """Look at the nodes and say what is wrong; nothing is changed. Exit code 1 when something is."""
    from kubestead.diagnose import Cause  # noqa: PLC0415

    with Console(stderr=True).status("looking at the nodes"):
        found = examine(inventory, nodes or [])
    if as_json:
        typer.echo(json.dumps([one.to_data() for one in found], indent=1))
    else:
        show(found, inventory, Console())
    if any(one.cause is not Cause.HEALTHY for one in found):
        raise typer.Exit(1)


def examine(inventory: Path, nodes: Sequence[str]) -> list[Diagnosis]:
    """Run the deploy that looks, and read what it found.

    Args:
        inventory: the inventory's file.
        nodes: names; the control plane is asked too, but only these are told. Empty: all.

    Raises:
        KubesteadError: nothing was found out; pyinfra's last words are in it.
    """
    from kubestead.diagnose import Diagnosis  # noqa: PLC0415

    limits = [word for name in (*nodes, "control_plane") for word in ("--limit", name)] if nodes else []
    lines = look(inventory, DEPLOY, "diagnosis_file", *limits).splitlines()
    found = [Diagnosis.from_data(json.loads(line)) for line in lines]
    told = [one for one in found if not nodes or one.node in nodes]
    if missing := sorted({*nodes} - {one.node for one in told}):
        raise KubesteadError(f"{', '.join(missing)}: not found in {inventory}; it has the nodes of 'kubestead doctor'")
    return told


def show(found: Sequence[Diagnosis], inventory: Path, console: Console) -> None:
    """A table of causes and evidence, and below it the next command for each node that is not well."""
    from kubestead.diagnose import Cause  # noqa: PLC0415

    table = Table(show_lines=True, pad_edge=False)
    table.add_column("node", no_wrap=True)
    table.add_column("cause", no_wrap=True)
    table.add_column("what was seen", overflow="fold", ratio=1)
    table.add_column("remedies, least first", max_width=26)
    for one in found:
        style = "green" if one.cause is Cause.HEALTHY else "yellow" if one.cause is Cause.CORDONED else "red"
        remedies = "\n".join(map(str, one.remedies)) or ("" if one.cause is Cause.HEALTHY else "none: for a person")
        table.add_row(one.node, Text(one.cause.value, style=style), Text(_evidence(one)), remedies)
    console.print(table)
    for one in found:
        if one.cause is not Cause.HEALTHY:
            console.print(Text.assemble((f"{one.node}: ", "bold"), command(one, inventory)), soft_wrap=True)


def command(diagnosis: Diagnosis, inventory: Path) -> str:
    """The next command: the climb of the remedies, or what a person does where there is none."""
    if any(Path(f"deploys/{remedy.value}.py").exists() for remedy in diagnosis.remedies):
        return f"pyinfra {inventory} deploys/recover.py --limit {diagnosis.node}"
    return diagnosis.advice.replace("INVENTORY", str(inventory))


def _evidence(diagnosis: Diagnosis) -> str:
    more = len(diagnosis.evidence) - EVIDENCE
    lines = list(diagnosis.evidence[:EVIDENCE]) + ([f"and {more} more (--json)"] if more > 0 else [])
    return "\n".join(f"- {line}" for line in lines) if len(lines) > 1 else "".join(lines)
