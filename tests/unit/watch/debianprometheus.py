"""Prometheus' programs: the machine's own, or those of Debian's package, unpacked and not installed.

Installed, the package brings a service that starts at once and listens; a test has no business with that.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from kubestead import cache

PACKAGE = "prometheus"


def program(name: str) -> str:
    """The path of ``promtool`` or ``prometheus``; skips the test where there is none and no package to be had."""
    if found := shutil.which(name):
        return found
    folder = cache.root() / "debian" / PACKAGE
    with cache.lock(PACKAGE):
        if not folder.exists():
            _unpack(folder)
    return str(folder / "usr" / "bin" / name)


def _unpack(folder: Path) -> None:
    if not shutil.which("apt-get"):
        pytest.skip(f"{PACKAGE} is not installed, and this machine has no apt-get")
    with cache.new_entry(folder) as fresh:
        done = subprocess.run(["apt-get", "download", PACKAGE], cwd=fresh, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"{PACKAGE} is not installed and could not be downloaded: {done.stderr.strip()[-200:]}")
        archive = next(fresh.glob("*.deb"))
        subprocess.run(["dpkg-deb", "--extract", str(archive), str(fresh)], check=True)
        archive.unlink()
