"""The caches every clone on this machine shares: content-addressed entries below the user's XDG cache folder."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Not caches: locks, and the key that signs this machine's mirrors, which keeps its fingerprint.
KEPT = ("locks", "mirror-key")
_KEY = re.compile(r"(^|-)[0-9a-f]{16}$")


def root() -> Path:
    """The cache folder: ``$XDG_CACHE_HOME/kubestead``, or ``~/.cache/kubestead`` (XDG Base Directory specification)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "kubestead"


def content_key(*parts: str | bytes | Path) -> str:
    """A 16-digit hexadecimal key over texts and the contents of files, in the order given."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:16]


@contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold the lock ``name``, so that two clones do not build one entry at once; waits for its holder, and says so."""
    path = root() / "locks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting: another kubestead holds the lock {name}", file=sys.stderr, flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def hold(entry: Path) -> Iterator[None]:
    """Mark an entry (a folder) as in use, so that :func:`remove` leaves it alone."""
    handle = os.open(entry, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


def remove(entry: Path) -> bool:
    """Remove an entry; False, and nothing is done, where somebody holds it."""
    if entry.is_dir() and not entry.is_symlink():
        handle = os.open(entry, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(entry)
        except BlockingIOError:
            return False
        finally:
            os.close(handle)
    else:
        entry.unlink(missing_ok=True)
    return True


@dataclass(frozen=True)
class Entry:
    """One entry: its kind (``components``), name without the key (``etcd``), size in bytes."""

    kind: str
    name: str
    path: Path
    size: int
    modified: float


def entries() -> list[Entry]:
    """Every entry of the caches, by kind and name, newest first; unfinished ones have a name that begins with a dot."""
    found = []
    for kind in sorted(path for path in root().glob("*") if path.is_dir() and path.name not in KEPT):
        for path in kind.iterdir():
            name = path.name if path.name.startswith(".") else _KEY.sub("", path.name)
            found.append(Entry(kind.name, name, path, _size(path), path.lstat().st_mtime))
    # A time in the future is of a clock that was off, and says nothing about the order.
    now = time.time()
    return sorted(found, key=lambda entry: (entry.kind, entry.name, -entry.modified if entry.modified <= now else 0))


def replaced(found: list[Entry]) -> list[Entry]:
    """Those a newer entry of the same kind and name has replaced, and what an interrupted build left."""
    seen: set[tuple[str, str]] = set()
    old = []
    for entry in (entry for entry in found if entry.kind != "go"):
        if entry.name.startswith(".") or (entry.kind, entry.name) in seen:
            old.append(entry)
        seen.add((entry.kind, entry.name))
    return old


def _size(path: Path) -> int:
    """What a file or folder takes on disk, in bytes; a file with several names is counted once."""
    inodes = {}
    for folder, _, names in os.walk(path):
        for status in (os.lstat(os.path.join(folder, name)) for name in names):  # noqa: PTH118  (100,000 files)
            inodes[status.st_ino] = status.st_blocks * 512
    return sum(inodes.values()) if path.is_dir() else path.lstat().st_blocks * 512


@contextmanager
def new_entry(final: Path) -> Iterator[Path]:
    """A folder to fill; it becomes ``final`` at once when the block ends well and is removed when it does not."""
    final.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
    try:
        with hold(work):
            yield work
        work.chmod(0o755)
        work.rename(final)
    finally:
        shutil.rmtree(work, ignore_errors=True)
