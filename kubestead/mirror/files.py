"""Digests and sizes of files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from kubestead.catalog import Artifact


def sha256(path: Path) -> str:
    """The sha256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def artifact(mirror: Path, path: Path) -> Artifact:
    """A file of a mirror as its catalog lists it, with a URL relative to the mirror."""
    return Artifact(url=str(path.relative_to(mirror)), sha256=sha256(path), size=path.stat().st_size)
