"""``kubestead trust-rebuilt``: a reinstalled host's new SSH key in place of the one that was trusted."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from kubestead.cli.inventory import Inventory
from kubestead.errors import KubesteadError
from kubestead.validation import nearest

if TYPE_CHECKING:
    # Imported where it is used: it brings pyinfra along, which every other command would wait for.
    from paramiko import PKey

    from kubestead.connection.rebuilt import Place


def trust_rebuilt(
    host: Annotated[str, typer.Argument(help="The host, or a jump host, by its name.")],
    inventory: Inventory,
    fingerprint: Annotated[
        str | None, typer.Option(metavar="SHA256:...", help="Trust the new key if it is this one; asks nothing.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Trust whatever key is shown; asks nothing.")] = False,
) -> None:
    """Trust the new SSH key of a host that was reinstalled; shows both fingerprints first, and asks."""
    from kubestead.connection import connect_as_the_site_says  # noqa: PLC0415
    from kubestead.connection.rebuilt import places  # noqa: PLC0415
    from kubestead.watch.inventory import read_hosts  # noqa: PLC0415

    connect_as_the_site_says()
    found = places(read_hosts(inventory))
    if host not in found:
        meant = nearest(host, found)
        raise KubesteadError(
            f"{host}: no host of {inventory}; {f'did you mean {meant}?' if meant else 'see its names'}"
        )
    place = found[host]
    shown = place.shown()
    if any(entry.key == shown for entry in place.trusted):
        typer.echo(f"{host}: shows the key that is trusted ({shown.fingerprint}); nothing to do")
        return
    _show(place, shown)
    _agree(host, shown.fingerprint, fingerprint, yes)
    place.trust(shown)
    typer.echo(f"{host}: trusted from now on")


def _show(place: Place, shown: PKey) -> None:
    from kubestead.connection.refusals import fingerprint, told  # noqa: PLC0415

    typer.echo(f"{place.name} ({place.address} port {place.port})")
    for entry in place.trusted:
        typer.echo(f"  trusted so far: {told(entry, place.file)}")
    typer.echo(f"  shown now:      {fingerprint(shown)}")


def _agree(host: str, shown: str, expected: str | None, yes: bool) -> None:
    """Return where the person agrees.

    Raises:
        KubesteadError: they do not, or cannot be asked.
    """
    if expected is not None:
        if expected.rstrip("=") != shown:
            raise KubesteadError(
                f"{host}: its key is not {expected}; nothing was changed, and that is worth finding out"
            )
        return
    if yes:
        return
    if not sys.stdin.isatty():
        raise KubesteadError(
            f"{host}: nobody can be asked here; give --fingerprint (best) or --yes; nothing was changed"
        )
    if not typer.confirm("Does its own console show the same, and was it reinstalled?"):
        raise KubesteadError(f"{host}: nothing was changed")
