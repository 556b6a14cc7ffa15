"""Runs what is meant for a host in this machine's own shell, the one a host has: dash, called as ``sh``."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from pyinfra.api import FactBase, StringCommand

SH = shutil.which("dash") or "sh"


def sh(script: str | StringCommand, *, stdin: str = "", path: str | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run a script; ``path`` replaces the search path."""
    text = script if isinstance(script, str) else script.get_raw_value()
    env = {"PATH": path} if path else None
    return subprocess.run([SH, "-c", text], input=stdin.encode(), capture_output=True, check=False, env=env)


def in_folder(script: str, folder: Path) -> str:
    """A script for a host with its own folders below ``folder``, to be run here."""
    places = {"/run/kubestead-steps": folder / "steps", "/var/lib/kubestead": folder / "state"}
    for place, own in places.items():
        script = script.replace(place, str(own))
    return script


def fact(cls: type[FactBase[Any]], *, path: str | None = None, **arguments: Any) -> Any:
    """The fact ``cls`` of this machine, read and processed as pyinfra does."""
    instance = cls()
    done = sh(instance.command(**arguments), path=path)
    assert done.returncode == 0, done.stderr.decode()
    lines = done.stdout.decode().removesuffix("\n").split("\n")
    return instance.process(lines) if done.stdout else instance.default()
