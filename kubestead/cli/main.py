"""The ``kubestead`` command: one sub-command per area, each a module of this package."""

from __future__ import annotations

import os
import sys

import typer

from kubestead.cli import cache, cilium, mirror, twin
from kubestead.cli.doctor import doctor
from kubestead.cli.report import report
from kubestead.cli.status import status
from kubestead.cli.trust import trust_rebuilt
from kubestead.cli.validate import validate
from kubestead.cli.watch import watch
from kubestead.errors import KubesteadError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Bare Ubuntu or Debian machines to a healthy Kubernetes cluster, and the twin it is proven on.",
)
app.add_typer(twin.app, name="twin")
app.add_typer(mirror.app, name="mirror")
app.add_typer(cache.app, name="cache")
app.add_typer(cilium.app, name="cilium")
app.command()(validate)
app.command()(status)
app.command()(trust_rebuilt)
app.command()(doctor)
app.command()(watch)
app.command()(report)


def main() -> None:
    """Run the command; whatever fails is told in words and ends with exit code 1 (docs/exit-codes.md)."""
    try:
        app()
    except (KubesteadError, OSError) as error:
        print(f"kubestead: {error}", file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        if os.environ.get("KUBESTEAD_DEBUG"):
            raise
        words = f"{type(error).__name__}: {error}; this is a bug, and KUBESTEAD_DEBUG=1 shows where"
        print(f"kubestead: {words}", file=sys.stderr)
        sys.exit(1)
