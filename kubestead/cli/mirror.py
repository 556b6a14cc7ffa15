"""``kubestead mirror``: build, verify and serve a mirror."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import typer

# The mirror is imported where it is wanted: that takes 0.2 s, which every other command would wait for too.
app = typer.Typer(no_args_is_help=True, help="Build, verify and serve a mirror of everything a cluster is made from.")
Folder = Annotated[Optional[Path], typer.Argument(help="A mirror's folder; by default the newest in the cache.")]  # noqa: UP045


class SourceOption(str, Enum):
    """The values of ``--from``."""

    auto = "auto"
    upstream = "upstream"
    gomod = "gomod"


@app.command()
def build(
    source: Annotated[
        SourceOption, typer.Option("--from", help="upstream, gomod, or auto: upstream where it answers, else gomod.")
    ] = SourceOption.auto,
) -> None:
    """Fill a mirror and print its folder; one that is in the cache already is found, not built."""
    from kubestead import mirror  # noqa: PLC0415

    typer.echo(mirror.build(source.value))


@app.command()
def verify(
    folder: Folder = None,
    record: Annotated[
        bool, typer.Option("--record", help="Fetch what catalog/upstream.yaml marks unverified and record its digests.")
    ] = False,
) -> None:
    """Recompute every digest of a mirror, and check its repository's signature and its images."""
    from kubestead import mirror  # noqa: PLC0415

    if record:
        for line in mirror.record():
            typer.echo(line)
        return
    path = folder or mirror.newest()
    for line in mirror.verify(path):
        typer.echo(line)
    typer.echo(f"{path} is what its catalog says")


@app.command()
def serve(
    folder: Folder = None,
    listen: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port of the files; 0 for any free one.")] = 8080,
    registry_port: Annotated[int, typer.Option(help="The port of the registry; 0 for any free one.")] = 5000,
) -> None:
    """Serve a mirror in the foreground: files over HTTP with ranges, and the registry, read-only."""
    from kubestead import mirror  # noqa: PLC0415

    mirror.serve(folder or mirror.newest(), listen, port, registry_port)
