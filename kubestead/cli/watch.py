"""``kubestead watch``: sees nodes that fall over, and brings them back."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from kubestead.cli.inventory import Inventory


def watch(
    inventory: Inventory,
    kubeconfig: Annotated[Path, typer.Option(help="How the API is reached.")] = Path(".kubestead/kubeconfig"),
    folder: Annotated[Path, typer.Option(help="For the audit, and for what remedies say.")] = Path(".kubestead/watch"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be done; change nothing.")] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Judge every node, do what is to be done, and end; exit code 0: all well.")
    ] = False,
    metrics_port: Annotated[int | None, typer.Option(help="Serve Prometheus metrics on this port.")] = None,
    metrics_address: Annotated[str, typer.Option(help="The address they are served on.")] = "127.0.0.1",
    notify: Annotated[
        list[str] | None,
        typer.Option(
            metavar="APPRISE_URL",
            envvar="KUBESTEAD_NOTIFY",
            help="Who is told of hand-overs and recoveries; the variable takes several, with spaces between.",
        ),
    ] = None,
    max_unhealthy: Annotated[
        str, typer.Option(help="Share of nodes; with more unwell only services are restarted, one node at a time.")
    ] = "40%",
    budget: Annotated[int, typer.Option(min=1, help="Climbs of the ladder per node in six hours.")] = 3,
    cool_down: Annotated[float, typer.Option(min=0, help="Seconds after a recovery; doubles with each.")] = 60,
) -> None:
    """Watch the nodes; diagnose one that is not well, run the least remedy that fits, verify, and tell."""
    from kubestead.recovery.settings import Settings  # noqa: PLC0415 - 'kubestead --help' need not load the client
    from kubestead.watch.inventory import read  # noqa: PLC0415
    from kubestead.watch.parts import Parts  # noqa: PLC0415
    from kubestead.watch.watcher import Watcher  # noqa: PLC0415

    settings = Settings(max_unhealthy=share(max_unhealthy), budget=budget, cool_down=cool_down)
    parts = Parts(read(inventory), kubeconfig, folder, settings, notify or (), dry_run, typer.echo)
    if metrics_port is not None:
        parts.metrics.serve(metrics_port, metrics_address)
    watcher = Watcher(parts, settings, dry_run)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: watcher.stop())
    well = watcher.run(once)
    if once and not well:
        raise typer.Exit(1)


def share(text: str) -> float:
    """``40%`` or ``0.4`` as a share, 0 to 1.

    Raises:
        typer.BadParameter: it is neither.
    """
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1
    if not 0 <= value <= 1:
        raise typer.BadParameter(f"{text!r} is no share; write '40%' or '0.4'", param_hint="--max-unhealthy")
    return value
