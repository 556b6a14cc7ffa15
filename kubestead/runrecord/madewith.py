"""What a run was made with: versions of what ran on the operator's machine."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def made_with() -> dict[str, str]:
    """Versions by name; ``commit`` is the checkout's, with ``-dirty`` where files were changed."""
    found = {name: _version(name) for name in ("kubestead", "pyinfra")}
    return {key: value for key, value in {**found, "commit": _commit(), "Python": _python()}.items() if value}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _python() -> str:
    return sys.version.partition(" ")[0]


def _commit() -> str:
    if not (ROOT / ".git").exists():
        return ""
    argv = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"]
    # Killed with the run, it must not leave a lock in the person's checkout.
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=5, check=False, env=environment)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
