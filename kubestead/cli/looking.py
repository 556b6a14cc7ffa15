"""Running a deploy that only looks, and reading what it found."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from kubestead.errors import KubesteadError

# Every question on a host has its own time; past this something hangs that none of them knows.
TIMEOUT_SECONDS = 180


def look(inventory: Path, deploy: str, key: str, *limits: str) -> str:
    """Run a deploy that writes what it found to the file it is given, and return that file's content.

    Args:
        inventory: the inventory's file.
        deploy: ``deploys/diagnose.py``.
        key: the key of the run's data that names the file.
        limits: pyinfra's options that choose hosts.

    Raises:
        KubesteadError: nothing was found out; pyinfra's last words are in it.
    """
    pyinfra = str(Path(sys.executable).with_name("pyinfra"))
    with tempfile.TemporaryDirectory(prefix="kubestead-look-") as folder:
        file = Path(folder) / "found"
        said = _run([pyinfra, "-y", str(inventory), deploy, *limits, "--data", f"{key}={file}"])
        found = file.read_text() if file.exists() else ""
    if not found:
        raise KubesteadError(_why(said, inventory))
    return found


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
        raise KubesteadError(f"the look was not through after {TIMEOUT_SECONDS} s; try: {' '.join(argv)}") from None
    return done.stderr + done.stdout


def _why(said: str, inventory: Path) -> str:
    if "No hosts remaining" in said:
        none = f"no host of {inventory} can be reached over SSH, the control plane neither; nothing is known"
        # Why not: a changed host key, a dead jump host, sudo's password.
        why = said.partition("Connecting to hosts...")[2].partition("No hosts remaining")[0].rpartition("\n")[0]
        return "\n".join([none, *why.strip("\n").splitlines()])
    return "\n".join(["the look did not come to its end; its last words:", *said.strip().splitlines()[-8:]])
