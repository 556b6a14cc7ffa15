"""The site's known_hosts: read anew for each connection, written so that nobody's line is lost or left half.

paramiko's own reader stops at the first line it cannot decode and forgets those below: a host whose key is known would
then be met as if for the first time (paramiko #1990). Its writer knows nothing of other writers.
"""

from __future__ import annotations

import base64
import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from paramiko import HostKeys, PKey
from paramiko.pkey import UnknownKeyType

_OURS = Lock()


@dataclass(frozen=True)
class Known:
    """A line about a host.

    Args:
        line: its number in the file, from 1.
        names: the line's first field.
        key: None where the line cannot be read.
    """

    line: int
    names: str
    key: PKey | None


def name_of(address: str, port: int = 22) -> str:
    """A host as known_hosts names it: ``192.0.2.1``, or ``[192.0.2.1]:2222``."""
    return address if port == 22 else f"[{address}]:{port}"


def known(path: Path, name: str) -> list[Known]:
    """The lines about a host; none where there is no file. Keys of a kind paramiko does not speak are left out.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        lines = _lines(path)
    except FileNotFoundError:
        return []
    found = []
    for number, line in enumerate(lines, 1):
        fields = line.split()
        # Marked lines (@cert-authority, @revoked) are about no key a host could show here.
        if len(fields) < 2 or fields[0].startswith(("#", "@")) or not _is_named(name, fields[0]):
            continue
        with suppress(UnknownKeyType):
            found.append(Known(number, fields[0], _key(fields[1:])))
    return found


def learn(path: Path, name: str, key: PKey) -> list[Known]:
    """Write down the key of a host that is in no line yet.

    Returns:
        the lines there are already, where another run met the host meanwhile; empty: it was written.

    Raises:
        OSError: it cannot be written; the file is as it was.
    """
    with _locked(path):
        present = known(path, name)
        if not present:
            _append(path, _entry(name, key))
        return present


def replace(path: Path, name: str, key: PKey) -> None:
    """Put a host's key in place of those it had; other lines stay as they are, and a reader sees the old or the new.

    Raises:
        OSError: it cannot be written; the file is as it was.
    """
    with _locked(path):
        present = {entry.line: entry for entry in known(path, name)}
        lines = _lines(path) if path.exists() else []
        kept = [line for number, line in enumerate(lines, 1) if number not in present]
        # Other names of the same machine stay with it.
        names = next(iter(present.values())).names if present else name
        _write(path, [*kept, _entry(names, key)])


def _lines(path: Path) -> list[str]:
    text = path.read_bytes().decode(errors="surrogateescape")
    return text.removesuffix("\n").split("\n") if text else []


def _is_named(name: str, names: str) -> bool:
    return any(one == name or _hashes_to(one, name) for one in names.split(","))


def _hashes_to(one: str, name: str) -> bool:
    if not one.startswith("|1|"):
        return False
    # What is no hash names nobody.
    with suppress(ValueError, IndexError, AssertionError):
        return HostKeys.hash_host(name, one) == one
    return False


def _key(fields: Sequence[str]) -> PKey | None:
    try:
        return PKey.from_type_string(fields[0], base64.b64decode(fields[1], validate=True))
    except UnknownKeyType:
        raise
    except Exception:  # noqa: BLE001 - paramiko's readers raise whatever the bytes lead them into
        return None


def _entry(names: str, key: PKey) -> str:
    return f"{names} {key.get_name()} {key.get_base64()}"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One writer of ours at a time, on this machine; the file itself may be replaced, its folder stays.

    Among this process's own the first lock decides: gevent lets others run in os.close, and one that then waited for
    the kernel's lock would stop them all.
    """
    with _OURS:
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)


def _append(path: Path, line: str) -> None:
    """At once, so that a writer who does not lock (ssh itself) loses nothing either."""
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        unfinished = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        data = f"{chr(10) * unfinished}{line}\n".encode(errors="surrogateescape")
        try:
            if os.write(descriptor, data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # the kernel writes what fits
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def _write(path: Path, lines: Sequence[str]) -> None:
    path = path.resolve()
    before = path.stat() if path.exists() else None
    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", errors="surrogateescape") as file:
            file.writelines(f"{line}\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        if before:
            Path(partial).chmod(before.st_mode & 0o777)
            with suppress(PermissionError):
                os.chown(partial, before.st_uid, before.st_gid)
        Path(partial).replace(path)
    except OSError:
        Path(partial).unlink(missing_ok=True)
        raise
