"""A run's lock on its hosts: a file of its own per run, held by the kernel for as long as the process lives. Pure.

Why so: docs/adr/0006-a-run-locks-its-hosts.md.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from kubestead.errors import KubesteadError
from kubestead.owner import Owner
from kubestead.report.html import duration

FOLDER = Path(".kubestead/locks")
SHOWN_HOSTS = 3
_GUARD = ".guard"


@dataclass(frozen=True)
class Holder:
    """A run that holds, or held, hosts: who, since when (seconds since 1970), by which command, which hosts."""

    owner: Owner | None
    since: float
    command: str
    hosts: frozenset[str]

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Holder:
        """One that was written down; what cannot be read of it is empty."""
        since = data.get("since")
        hosts = data.get("hosts")
        return cls(
            Owner.from_data(data.get("owner")),
            float(since) if isinstance(since, int | float) else 0.0,
            str(data.get("command") or "a command that is not known"),
            frozenset(map(str, hosts)) if isinstance(hosts, list) else frozenset(),
        )

    def to_data(self) -> dict[str, Any]:
        """As JSON takes it."""
        owner = self.owner and self.owner.to_data()
        return {"owner": owner, "since": self.since, "command": self.command, "hosts": sorted(self.hosts)}

    def told(self, now: float) -> str:
        """Who, since when, what."""
        if not self.since:
            return f"{self.owner or 'somebody'}: {self.command}"
        began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        return f"{self.owner or 'somebody'}, since {began} ({duration(max(0, now - self.since))}): {self.command}"


class Held(KubesteadError):
    """Another run is at work on some of the hosts."""


class Lock:
    """The lock of one run. Take it with :meth:`take`; it is free again with :meth:`release` or the process's end."""

    def __init__(self, handle: IO[str], path: Path, left_behind: tuple[Holder, ...]) -> None:
        self._handle, self._path = handle, path
        self.left_behind = left_behind

    @classmethod
    def take(cls, folder: Path, mine: Holder) -> Lock:
        """Hold these hosts, or say who does.

        Args:
            folder: the cluster's locks.
            mine: this run.

        Returns:
            the lock; ``left_behind`` has the runs that ended without giving theirs back.

        Raises:
            Held: another run has one of the hosts; who, since when, and what to do about it.
        """
        with _guarded(folder):
            left_behind = []
            for path in sorted(folder.glob("*.lock")):
                holder, held = _holder(path), _is_held(path)
                if holder is None or held is None:
                    continue  # it was given back just now
                if not held:
                    left_behind.append(holder)
                    path.unlink(missing_ok=True)
                elif _meet(holder.hosts, mine.hosts):
                    raise Held(_refusal(holder, mine.hosts, time.time()))
            path = folder / f"{os.getpid()}-{time.time_ns()}.lock"
            handle = path.open("w")
            fcntl.flock(handle, fcntl.LOCK_EX)
            json.dump(mine.to_data(), handle)
            handle.flush()
        return cls(handle, path, tuple(left_behind))

    def release(self) -> None:
        """Give it back; again is harmless."""
        self._path.unlink(missing_ok=True)
        self._handle.close()


@contextmanager
def _guarded(folder: Path) -> Iterator[None]:
    """One process at a time looks at the locks and adds its own; it takes milliseconds."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / _GUARD).open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        yield


def _is_held(path: Path) -> bool | None:
    """Whether its process lives; a lock dies with its holder, so a number that is used again cannot deceive.

    None: it is gone. It is opened for writing, as NFS has it for a lock that nobody shares.
    """
    try:
        with path.open("r+") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return None
    return False


def _holder(path: Path) -> Holder | None:
    try:
        data = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        data = {}
    return Holder.from_data(data if isinstance(data, dict) else {})


def _meet(theirs: Collection[str], mine: Collection[str]) -> bool:
    """Whether two runs are about the same hosts; one whose hosts cannot be read may be about any."""
    return not theirs or bool(set(theirs) & set(mine))


def _refusal(holder: Holder, mine: Collection[str], now: float) -> str:
    both = sorted(set(holder.hosts) & set(mine)) or sorted(mine)
    more = f" and {len(both) - SHOWN_HOSTS} more" if len(both) > SHOWN_HOSTS else ""
    hosts = ", ".join(both[:SHOWN_HOSTS]) + more
    stop = f"stop it on {holder.owner.host}: kill {holder.owner.pid}" if holder.owner else "stop it"
    return (
        f"another run is at work on {hosts}: {holder.told(now)}; wait for it to end, or {stop}; "
        "this run changed nothing"
    )
