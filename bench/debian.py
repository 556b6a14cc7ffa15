"""Programs of Debian's packages, unpacked into the cache and not installed.

Installed, a package like nginx brings a service that starts at once and listens.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from kubestead import cache
from kubestead.errors import KubesteadError


def unpacked(name: str, *packages: str) -> Path:
    """The folder with what these packages hold, as below ``/``.

    Args:
        name: of the folder in the cache.
        packages: the program's, and those of the libraries it needs that a plain machine has not.

    Raises:
        KubesteadError: they cannot be had.
    """
    folder = cache.root() / "debian" / name
    with cache.lock(name):
        if not folder.exists():
            _unpack(folder, packages)
    return folder


def _unpack(folder: Path, packages: tuple[str, ...]) -> None:
    if not shutil.which("apt-get"):
        raise KubesteadError(f"{folder.name} is not installed, and this machine has no apt-get")
    with cache.new_entry(folder) as fresh:
        argv = ["apt-get", "download", *packages]
        done = subprocess.run(argv, cwd=fresh, capture_output=True, text=True, check=False)
        if done.returncode:
            last = done.stderr.strip()[-200:]
            raise KubesteadError(
                f"{folder.name} is not installed and could not be downloaded: {last}; try: apt-get update"
            )
        for archive in fresh.glob("*.deb"):
            subprocess.run(["dpkg-deb", "--extract", str(archive), str(fresh)], check=True)
            archive.unlink()
