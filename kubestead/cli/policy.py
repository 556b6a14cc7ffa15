"""``kubestead policy``: check a folder's policies without a cluster; say why a connection is allowed or denied."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from kubestead.cli.status import KUBECONFIG
from kubestead.errors import Finding, plain

if TYPE_CHECKING:
    # Imported where it is used: jsonschema and the Kubernetes client are what every other command would wait for.
    from kubestead.cilium.crdschema import Schema

app = typer.Typer(no_args_is_help=True, help="Network policies: check them, and say why a connection is let through.")
FOLDER = Path("policies")


class Protocol(str, Enum):
    """What a connection is made of."""

    tcp = "tcp"
    udp = "udp"
    sctp = "sctp"


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="Its YAML files are read.")] = FOLDER,
    crds: Annotated[
        Path | None, typer.Option(help="A folder with Cilium's CRDs; without it, the one in this machine's cache.")
    ] = None,
) -> None:
    """Check the policies of a folder, without a cluster. Exit code 1: a run would refuse them."""
    from kubestead.cilium.crdfiles import cached, read  # noqa: PLC0415 - as above
    from kubestead.cilium.hostfirewall import without_a_cluster  # noqa: PLC0415
    from kubestead.cilium.policyfiles import load  # noqa: PLC0415
    from kubestead.cilium.policyrules import findings, unseen_names, without_envoy  # noqa: PLC0415
    from kubestead.cilium.policyset import schema_findings  # noqa: PLC0415

    version = _version()
    place = crds or cached(version)
    schemas: dict[str, Schema] = read(place) if place else {}
    policies, found = load(folder)
    for policy in policies:
        found += [*schema_findings(policy, schemas)] or [*findings(policy), *without_envoy(policy)]
    found += [*unseen_names(policies), *without_a_cluster(policies)]
    console = Console()
    _show(found, console)
    wrong = sum(one.severity == "error" for one in found)
    against = f"against the schemas in {place}" if schemas else (
        f"not against Cilium's schemas: those of {version} are not on this machine; deploys/policies.py asks the "
        "cluster for its own"
    )  # fmt: skip
    counts = f"{len(policies)} polic{'y' if len(policies) == 1 else 'ies'}, {wrong} error{'' if wrong == 1 else 's'}"
    console.print(Text(f"{counts}; checked {against}"), soft_wrap=True)
    if wrong:
        raise typer.Exit(1)


@app.command()
def why(
    source: Annotated[str, typer.Argument(metavar="FROM", help="namespace/pod, an address, a node, or world.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The same, or a DNS name the pod has asked for.")],
    port: Annotated[
        int, typer.Argument(metavar="PORT", min=1, max=65535, help="The port of TO; a pod's own, not a service's.")
    ],
    protocol: Annotated[Protocol, typer.Option(help="What the connection is made of.")] = Protocol.tcp,
    kubeconfig: Annotated[Path, typer.Option(help="How the API is reached.")] = KUBECONFIG,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say whether a connection is allowed, and by which policies, as the agents have it. Exit code 1: denied."""
    from kubestead.cilium.policywhy import DENIED  # noqa: PLC0415 - as above
    from kubestead.status.policyask import Asker  # noqa: PLC0415

    found = Asker(kubeconfig).why(source, target, protocol.value, port)
    if as_json:
        typer.echo(json.dumps(found.to_data(), indent=1))
    else:
        first, *rest = found.lines()
        console = Console()
        console.print(Text(plain(first), "red" if found.verdict == DENIED else "green"), soft_wrap=True)
        for line in rest:
            console.print(Text(plain(line)), soft_wrap=True)
    if found.verdict == DENIED:
        raise typer.Exit(1)


def _show(found: list[Finding], console: Console) -> None:
    for one in found:
        style = "red" if one.severity == "error" else "yellow"
        console.print(Text.assemble((one.severity, style), f" {one}"), soft_wrap=True)


def _version() -> str:
    """Cilium's version as group_data has it; it decides which schemas are right."""
    from kubestead.spec import ClusterSpec  # noqa: PLC0415 - as above

    return str(ClusterSpec().cilium_version)
