"""``kubestead cilium``: what was chosen, and how Cilium does."""

from __future__ import annotations

import typer

from kubestead.cli.ciliumstatus import status

app = typer.Typer(no_args_is_help=True, help="Cilium: what was chosen, what that needs, and whether it was proven.")
app.command()(status)


@app.callback()
def _commands() -> None:
    """A sub-command stays one though it is the only one."""
