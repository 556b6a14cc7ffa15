"""Running the machine's own tools, and telling the person at the terminal how far the twin has come."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from kubestead.errors import KubesteadError


def progress(text: str) -> None:
    """One line on stderr; stdout is kept for what a command was asked to print."""
    print(f"twin: {text}", file=sys.stderr, flush=True)


def run(
    argv: Sequence[str],
    *,
    fix: str = "",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    check: bool = True,
) -> str:
    """Run a command to its end and return what it wrote to stdout.

    Args:
        argv: the command, never through a shell.
        fix: what to do when it fails; ends the error.
        check: False returns the output of a failed command too.

    Raises:
        KubesteadError: the command is missing or failed; names the command and the end of its stderr.
    """
    try:
        done = subprocess.run(argv, capture_output=True, text=True, cwd=cwd, env=env, check=False)
    except OSError as error:
        raise KubesteadError(f"{argv[0]}: cannot be run ({error.strerror}); {fix or 'install it'}") from error
    if check and done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-600:]
        raise KubesteadError(f"{' '.join(argv)}: exit {done.returncode}: {said}" + (f"; {fix}" if fix else ""))
    return done.stdout
