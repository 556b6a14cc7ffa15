"""``kubestead cilium status``: how Cilium does, what is wrong with it, and the next command."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from kubestead.cli.inventory import Inventory
from kubestead.cli.looking import look

DEPLOY = "deploys/cilium_status.py"
# Reasons on a node's line; the JSON has all.
REASONS = 2
_NOT_KNOWN = "not known"


def status(
    inventory: Inventory,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; what is not known is null, and why.")] = False,
) -> None:
    """Ask every agent, cilium-health, the operator and the relay, and say what is wrong; nothing is changed.

    Exit code 0: all is well and known; there may be warnings. 1: it is not, or something is not known. 2: wrong usage.
    """
    with Console(stderr=True).status("asking Cilium's agents"):
        found = json.loads(look(inventory, DEPLOY, "cilium_status_file"))
    if as_json:
        typer.echo(json.dumps(found, indent=1))
    else:
        show(found, Console(), inventory)
    if not found["healthy"]:
        raise typer.Exit(1)


def show(found: Mapping[str, Any], console: Console, inventory: Path) -> None:
    """Print a report (:meth:`kubestead.cilium.status.report.Report.to_data`)."""
    word = Text("healthy", style="green") if found["healthy"] else Text("not healthy", style="bold red")
    modes = ", ".join(f"{name} {value}" for name, value in found["modes"].items())
    console.print(Text.assemble(word, f": Cilium {found['version'] or _NOT_KNOWN}, {modes}"), soft_wrap=True)
    if found["nodes"]:
        console.print(_nodes(found["nodes"]))
    lines = Table(box=None, show_header=False, pad_edge=False)
    lines.add_column(style="bold", no_wrap=True)
    lines.add_column(overflow="fold")
    for name, key in (("operator", "operator"), ("Hubble relay", "relay"), ("DNS", "dns")):
        lines.add_row(name, escape(found[key] or _NOT_KNOWN))
    if found["clusters"]:
        lines.add_row("other clusters", escape(found["clusters"]))
    console.print(lines)
    for trouble in found["troubles"]:
        _tell(trouble, console, inventory)
    for part, why in found["unknown"].items():
        console.print(Text(f"{part}: not known ({why})", style="yellow"), soft_wrap=True)


def _tell(trouble: Mapping[str, Any], console: Console, inventory: Path) -> None:
    style = "bold red" if trouble["severity"] == "error" else "yellow"
    console.print(Text.assemble((f"{trouble['where']}: ", style), trouble["what"]), soft_wrap=True)
    console.print(Text(f"  {trouble['means']}"), soft_wrap=True)
    for line in trouble["evidence"]:
        console.print(Text(f"  - {line}", style="dim"), soft_wrap=True)
    command = trouble["then"].replace("INVENTORY", str(inventory))
    console.print(Text.assemble("  next: ", (command, "bold")), soft_wrap=True)


def _nodes(nodes: list[dict[str, Any]]) -> Table:
    table = Table("node", "agent", "reaches", "pods", "addresses", "MTU", "dropped so far", box=None)
    for node in nodes:
        agent = node["agent"] or _NOT_KNOWN
        style = {"ok": "green", _NOT_KNOWN: "yellow"}.get(agent, "red")
        reaches = _NOT_KNOWN if node["reached"] is None else f"{node['reached']} of {node['others']}"
        used = _NOT_KNOWN if node["used"] is None else f"{node['used']} of {node['capacity']}"
        cells = (
            reaches,
            ", ".join(node["pods"]) or "none",
            used,
            str(node["mtu"] or _NOT_KNOWN),
            _drops(node["drops"]),
        )
        table.add_row(escape(node["name"]), Text(agent, style=style), *map(escape, cells))
    return table


def _drops(drops: Mapping[str, int] | None) -> str:
    if drops is None:
        return _NOT_KNOWN
    shown = [f"{reason} {count}" for reason, count in list(drops.items())[:REASONS]]
    more = len(drops) - len(shown)
    return ", ".join(shown) + (f", {more} more reasons" if more > 0 else "") or "none"
