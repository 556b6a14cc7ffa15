"""Programs of Debian's packages, unpacked into the cache and not installed.

Installed, such a package brings a service that starts at once and listens; a test has no business with that.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from kubestead import cache


def unpacked(*packages: str) -> Path:
    """The folder with what these packages hold, as below ``/``; skips the test where they cannot be had.

    Args:
        packages: the program's, and those of the libraries it needs that a plain machine has not.
    """
    folder = cache.root() / "debian" / packages[0]
    with cache.lock(packages[0]):
        if not folder.exists():
            _unpack(folder, packages)
    return folder


def _unpack(folder: Path, packages: tuple[str, ...]) -> None:
    if not shutil.which("apt-get"):
        pytest.skip(f"{packages[0]} is not installed, and this machine has no apt-get")
    with cache.new_entry(folder) as fresh:
        done = subprocess.run(
            ["apt-get", "download", *packages], cwd=fresh, capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"{packages[0]} is not installed and could not be downloaded: {done.stderr.strip()[-200:]}")
        for archive in fresh.glob("*.deb"):
            subprocess.run(["dpkg-deb", "--extract", str(archive), str(fresh)], check=True)
            archive.unlink()
