"""``kubestead status``: the cluster on one screen."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    # Imported where it is used: it brings the Kubernetes client along, which every other command would wait for.
    from kubestead.status.model import NodeStatus, Status

KUBECONFIG = Path(".kubestead/kubeconfig")
RUNS, AUDIT = Path(".kubestead/runs"), Path(".kubestead/watch/audit.jsonl")
OTHERS = "the control planes' other certificates: not known without SSH; there: sudo kubeadm certs check-expiration"


def status(
    kubeconfig: Annotated[Path, typer.Option(help="How the API is reached.")] = KUBECONFIG,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; what is not known is null, and why.")] = False,
) -> None:
    """Show nodes, certificates, Cilium and Hubble, the last run and the last recovery. Exit code 1: not healthy."""
    from kubestead.status.ask import Asker  # noqa: PLC0415 - 'kubestead --help' need not load the client

    found = Asker(kubeconfig, RUNS, AUDIT).status()
    if as_json:
        typer.echo(json.dumps(found.to_data(), indent=1))
    else:
        show(found, Console(), time.time())
    if not found.healthy:
        raise typer.Exit(1)


def show(status: Status, console: Console, now: float) -> None:
    """Print it; ``now`` is in seconds since 1970."""
    word = Text("healthy", style="green") if status.healthy else Text("not healthy", style="bold red")
    console.print(Text.assemble(word, f": {status.server}, Kubernetes {status.version or 'not known'}"))
    if status.nodes:
        console.print(_nodes(status.nodes))
    lines = Table(box=None, show_header=False, pad_edge=False)
    lines.add_column(style="bold", no_wrap=True)
    lines.add_column(overflow="fold")
    for name, text in _lines(status, now):
        lines.add_row(name, escape(text))
    console.print(lines)
    for one in status.findings:
        console.print(Text.assemble((f"{one.where}: ", "bold red"), f"{one.reason}; {one.fix}"), soft_wrap=True)
    for part, why in status.unknown.items():
        console.print(Text(f"{part}: not known ({why})", style="yellow"), soft_wrap=True)


def _nodes(nodes: tuple[NodeStatus, ...]) -> Table:
    table = Table(
        "node", "role", "ready", "conditions", "address", "pods", "kubelet", "runtime", "certificate", box=None
    )
    for node in nodes:
        words = [
            "yes" if node.ready == "True" else node.ready or "not reported",
            *(["cordoned"] if node.cordoned else []),
        ]
        style = "green" if node.ready == "True" and not node.cordoned else "yellow" if node.ready == "True" else "red"
        days = "not known" if node.certificate_days is None else f"{node.certificate_days:.0f} days"
        plain = _conditions(node), node.address, ", ".join(node.pods) or "not known"
        cells = (*plain, node.kubelet, node.runtime, days)
        table.add_row(escape(node.name), node.role, Text(", ".join(words), style=style), *map(escape, cells))
    return table


def _conditions(node: NodeStatus) -> str:
    return ", ".join(node.conditions) or ("good" if node.ready == "True" else "not known")


def _lines(status: Status, now: float) -> list[tuple[str, str]]:
    days = ", ".join(f"{one.name} {one.days:.0f} days" for one in status.certificates)
    lines = [("certificates", f"{days or 'not known'}; {OTHERS}")]
    if net := status.network:
        cilium = f"{net.version}, {net.mode}, kube-proxy {net.kube_proxy}; agents {net.agents}, operator {net.operator}"
        hubble = f"on; relay {net.relay or 'none'}" if net.hubble else "off"
        lines += [("Cilium", cilium), ("Hubble", hubble)]
    else:
        lines.append(("Cilium, Hubble", "not known"))
    return [*lines, ("last run", _run(status.last_run, now)), ("last recovery", _recovery(status.last_recovery, now))]


def _run(run: Any, now: float) -> str:
    if not run:
        return "none is recorded here"
    when = _ago(now - run["ended"])
    return f"{run['deploy']} {run['outcome']}, {when}, {run['changes']} changes, {run['errors']} errors ({run['name']})"


def _recovery(recovery: Any, now: float) -> str:
    if not recovery:
        return "none is known"
    parts = (f"{recovery['node']}: {recovery['cause']}", recovery["remedy"], recovery["outcome"])
    return f"{', '.join(filter(None, parts))}, {_ago(now - recovery['when'])}"


def _ago(seconds: float) -> str:
    from kubestead.report.html import duration  # noqa: PLC0415 - as above

    return f"{duration(max(0, seconds))} ago"
