"""Image layers: deterministic tar archives, compressed with zstd, stored by digest."""

from __future__ import annotations

import hashlib
import io
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, cast

import zstandard

# Level 3 unpacks as fast as any level and is quick enough on two cores; images cross a local network only.
ZSTD_LEVEL = 3
MEDIA_TYPE = "application/vnd.oci.image.layer.v1.tar+zstd"


@dataclass(frozen=True)
class Layer:
    """A stored layer: the sha256 of the blob and of the tar inside it (hexadecimal), and the blob's size in bytes."""

    sha256: str
    diff_id: str
    size: int


@dataclass(frozen=True)
class Entry:
    """One thing in a layer, at ``path`` (absolute): a file or folder copied, text, a link, or an empty folder.

    Args:
        path: where it is in the image.
        source: a file or a folder, copied whole.
        text: the contents of a small file, where there is no source.
        link: what a symbolic link points to.
        mode: permission bits; by default 755, and for copied files 755 or 644 by their executable bit.
        owner: user and group id.
    """

    path: str
    source: Path | None = None
    text: str | None = None
    link: str | None = None
    mode: int | None = None
    owner: int = 0


class _Writable(Protocol):
    def write(self, data: bytes, /) -> int: ...


class _Hashed:
    """A file that hashes and counts what is written through it."""

    def __init__(self, target: _Writable) -> None:
        self.target = target
        self.sha256 = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self.sha256.update(data)
        self.size += len(data)
        self.target.write(data)
        return len(data)


def write(blobs: Path, members: Iterable[tuple[tarfile.TarInfo, Path | bytes | None]]) -> Layer:
    """Store a layer of the members below ``blobs``, named by its sha256."""
    blobs.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=blobs, delete=False) as file:
        outer = _Hashed(file)
        compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL, threads=2)
        with compressor.stream_writer(cast(IO[bytes], outer), closefd=False) as zstd:
            inner = _Hashed(zstd)
            with tarfile.open(fileobj=cast(IO[bytes], inner), mode="w|", format=tarfile.PAX_FORMAT) as tar:
                for info, content in members:
                    _add(tar, info, content)
    layer = Layer(outer.sha256.hexdigest(), inner.sha256.hexdigest(), outer.size)
    Path(file.name).chmod(0o644)
    Path(file.name).rename(blobs / layer.sha256)
    return layer


def _add(tar: tarfile.TarFile, info: tarfile.TarInfo, content: Path | bytes | None) -> None:
    info.mtime, info.uname, info.gname = 0, "", ""
    if isinstance(content, bytes):
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    elif content is not None and info.isreg():
        with content.open("rb") as file:
            tar.addfile(info, file)
    else:
        tar.addfile(info)


def of_entries(entries: Iterable[Entry]) -> Iterator[tuple[tarfile.TarInfo, Path | bytes | None]]:
    """The members of a layer of entries, sorted, with the folders above them (owned by root)."""
    members: dict[str, tuple[tarfile.TarInfo, Path | bytes | None]] = {}
    for entry in entries:
        for info, content in _of_entry(entry):
            members[info.name] = (info, content)
    for name in list(members):
        for parent in list(Path(name).parents)[:-1]:
            if str(parent) not in members:
                members[str(parent)] = (_info(str(parent), tarfile.DIRTYPE, 0o755), None)
    for name in sorted(members):
        yield members[name]


def _of_entry(entry: Entry) -> Iterator[tuple[tarfile.TarInfo, Path | bytes | None]]:
    name, mode = entry.path.lstrip("/"), entry.mode or 0o755
    if entry.link is not None:
        info = _info(name, tarfile.SYMTYPE, 0o777, entry.owner)
        info.linkname = entry.link
        yield info, None
    elif entry.text is not None:
        yield _info(name, tarfile.REGTYPE, mode, entry.owner), entry.text.encode()
    elif entry.source is None:
        yield _info(name, tarfile.DIRTYPE, mode, entry.owner), None
    elif entry.source.is_dir():
        for path in sorted(p for p in entry.source.rglob("*") if p.is_file()):
            yield _of_file(f"{name}/{path.relative_to(entry.source)}", path, entry)
    else:
        yield _of_file(name, entry.source, entry)


def _of_file(name: str, path: Path, entry: Entry) -> tuple[tarfile.TarInfo, Path]:
    status = path.stat()
    mode = entry.mode or (0o755 if status.st_mode & 0o100 else 0o644)
    info = _info(name, tarfile.REGTYPE, mode, entry.owner)
    info.size = status.st_size
    return info, path


def _info(name: str, kind: bytes, mode: int, owner: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.uid, info.gid = kind, mode, owner, owner
    return info


def of_tree(root: Path, paths: Iterable[Path]) -> Iterator[tuple[tarfile.TarInfo, Path | bytes | None]]:
    """The members of a layer of ``paths`` below ``root``, sorted, with the owners, modes and links they have there."""
    # gettarinfo needs an archive to tell hard links by; this one only remembers what it saw.
    with tarfile.open(fileobj=io.BytesIO(), mode="w", format=tarfile.PAX_FORMAT) as memory:
        for path in sorted(paths):
            info = memory.gettarinfo(path, arcname=str(path.relative_to(root)))
            yield info, path
