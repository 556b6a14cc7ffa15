"""Deterministic .tar.gz archives in the form of upstream's releases."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterable
from pathlib import Path

from kubestead.mirror.layers import Entry, of_entries


def write(target: Path, entries: Iterable[Entry]) -> Path:
    """Write entries (paths inside the archive) as a gzip-compressed tar: sorted, owned by root, without times."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        target.open("wb") as file,
        # Level 1: the archive crosses a local network once and is unpacked once.
        gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=file, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        for info, content in of_entries(entries):
            if isinstance(content, Path):
                with content.open("rb") as source:
                    tar.addfile(info, source)
            elif info.isdir():
                tar.addfile(info)
    return target
