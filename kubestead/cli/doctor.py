"""``kubestead doctor``: what is wrong with the nodes, what would be done about it, and the command for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kubestead.cli.inventory import Inventory
from kubestead.errors import KubesteadError

if TYPE_CHECKING:
    # Imported where it is used: it brings cryptography along, which every other command would wait for.
    from kubestead.diagnose import Diagnosis

DEPLOY = "deploys/diagnose.py"
# Every question on a host has its own time; past this something hangs that none of them knows.
TIMEOUT_SECONDS = 180
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

    pyinfra = str(Path(sys.executable).with_name("pyinfra"))
    limits = [word for name in (*nodes, "control_plane") for word in ("--limit", name)] if nodes else []
    with tempfile.TemporaryDirectory(prefix="kubestead-doctor-") as folder:
        file = Path(folder) / "diagnoses.jsonl"
        argv = [pyinfra, "-y", str(inventory), DEPLOY, *limits, "--data", f"diagnosis_file={file}"]
        said = _run(argv)
        lines = file.read_text().splitlines() if file.exists() else []
    found = [Diagnosis.from_data(json.loads(line)) for line in lines]
    told = [one for one in found if not nodes or one.node in nodes]
    if not told:
        raise KubesteadError(_why(said, inventory))
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


def _run(argv: Sequence[str]) -> str:
    """What the run said."""
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False,
            stdin=subprocess.DEVNULL, env={**os.environ, "PYINFRA_PROGRESS": "off"},
        )  # fmt: skip
    except FileNotFoundError:
        raise KubesteadError(f"{argv[0]} is not there; install kubestead with its dependencies") from None
    except subprocess.TimeoutExpired:
        raise KubesteadError(
            f"the diagnosis was not through after {TIMEOUT_SECONDS} s; try: {' '.join(argv)}"
        ) from None
    return done.stderr + done.stdout


def _why(said: str, inventory: Path) -> str:
    if "No hosts remaining" in said:
        none = f"no host of {inventory} can be reached over SSH, the control plane neither; nothing is known"
        # Why not: a changed host key, a dead jump host, sudo's password.
        why = said.partition("Connecting to hosts...")[2].partition("No hosts remaining")[0].rpartition("\n")[0]
        return "\n".join([none, *why.strip("\n").splitlines()])
    return "\n".join(["the diagnosis did not come to its end; its last words:", *said.strip().splitlines()[-8:]])
