"""``kubestead twin``: the lab's replica on this machine."""

from __future__ import annotations

import json
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from kubestead.cli import faults
from kubestead.twin import commands, lifecycle
from kubestead.twin.plan import DEFAULT_NAME

app = typer.Typer(
    no_args_is_help=True, help="The lab's replica on this machine: real systemd hosts on a network with no way out."
)

Name = Annotated[str, typer.Option("--name", help="The twin's name; several can be up at once.")]


Nodes = Annotated[list[str] | None, typer.Argument(metavar="[NODE]...", help="Hosts; without any, all.")]


class Source(str, Enum):
    """Where the mirror is filled from."""

    auto = "auto"
    upstream = "upstream"
    gomod = "gomod"


class Action(str, Enum):
    """What ``power`` does."""

    on = "on"
    off = "off"
    cycle = "cycle"
    status = "status"


@app.command()
def up(
    name: Name = DEFAULT_NAME,
    control_planes: Annotated[int | None, typer.Option(help="Control planes [default: 1, or what it has].")] = None,
    workers: Annotated[int | None, typer.Option(help="Workers [default: 2, or what it has].")] = None,
    source: Annotated[
        Source, typer.Option(help="upstream, gomod, or auto: upstream where it answers, else gomod.")
    ] = Source.auto,
    mirror: Annotated[Path | None, typer.Option(help="A mirror's folder to serve, instead of --source.")] = None,
    light: Annotated[
        bool, typer.Option("--light", help="Simulate kubeadm, kubelet, kubectl and Helm, for many hosts.")
    ] = False,
    no_mirror: Annotated[bool, typer.Option("--no-mirror", help="Start no mirror; one it has is kept.")] = False,
) -> None:
    """Bring the twin up; again is harmless: what runs is left alone, what is off is switched on."""
    folder = mirror.absolute() if mirror else None
    lifecycle.up(name, control_planes, workers, None if no_mirror or mirror else source.value, folder, light)


@app.command()
def down(name: Name = DEFAULT_NAME) -> None:
    """Take the twin down and remove everything of it, its disks too; works after a crash as well."""
    lifecycle.down(name)


@app.command()
def status(
    name: Name = DEFAULT_NAME, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Show the hosts: power, SSH, since when."""
    found = commands.status(name)
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    console = Console()
    console.print(table(found))
    served = found.get("mirror", {}).get("folder") or "none"
    if found.get("simulated"):
        console.print(found["simulated"])
    console.print(f"supervisor: {found['supervisor']}; mirror: {served}", soft_wrap=True)


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def exec(  # noqa: A001  (the command's name)
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="The command and its arguments.")],
    name: Name = DEFAULT_NAME,
) -> None:
    """Run a command inside the twin's network, with KUBESTEAD_SITE set to the twin's site file."""
    _become(name, command)


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def ssh(
    node: Annotated[str, typer.Argument(help="The host.")],
    command: Annotated[list[str] | None, typer.Argument(metavar="[COMMAND]...", help="Without one, a shell.")] = None,
    user: Annotated[str, typer.Option(help="root or ubuntu.")] = "root",
    name: Name = DEFAULT_NAME,
) -> None:
    """Log in to a host, or run a command there."""
    _become(name, commands.ssh_command(name, node, user, command or []))


@app.command()
def power(
    action: Annotated[
        Action, typer.Argument(help="off cuts the power: nothing is told to shut down; status prints on or off.")
    ],
    nodes: Annotated[list[str], typer.Argument(metavar="NODE...", help="The hosts.")],
    name: Name = DEFAULT_NAME,
) -> None:
    """Switch hosts on or off, or off and on again, or say which they are."""
    if action is Action.status:
        typer.echo("\n".join(commands.power_status(name, nodes)))
        return
    commands.power(name, action.value, nodes)


@app.command()
def reset(nodes: Nodes = None, name: Name = DEFAULT_NAME) -> None:
    """Make hosts bare again: power cut, disks written anew, on again."""
    commands.reset(name, nodes or [])


faults.add_to(app)


def table(found: dict[str, Any]) -> Table:
    """The hosts of :func:`kubestead.twin.commands.status` as a table."""
    result = Table(title=f"twin {found['name']}")
    for column in ("node", "address", "power", "ssh", "since", "last"):
        result.add_column(column)
    words = {True: "answers", False: "silent", None: "unknown"}
    for one in found["hosts"]:
        result.add_row(one["node"], one["address"], one["power"], words[one["ssh"]], _clock(one["since"]), one["last"])
    return result


def _clock(since: str) -> str:
    """A time of the supervisor's as the terminal's own clock shows it."""
    return f"{datetime.fromisoformat(since).astimezone():%a %H:%M:%S}" if since else ""


def _become(name: str, argv: list[str]) -> NoReturn:
    """Run a command in the twin's network in place of this process, so that its exit code is ours."""
    commands.execute(name, argv)
