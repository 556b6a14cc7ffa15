"""Who runs a command: recorded with a run and its lock, so that another process can tell whether it still lives."""

from __future__ import annotations

import getpass
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# The field of /proc/PID/stat, counted after the name in brackets, that tells when a process began. Source: proc(5).
_STARTTIME = 19


@dataclass(frozen=True)
class Owner:
    """A process on a machine.

    Args:
        user, host: who, and where.
        pid: its number there.
        started: what tells it from a later process of the same number: the machine's boot and the process's start.
    """

    user: str
    host: str
    pid: int
    started: str

    @classmethod
    def present(cls) -> Owner:
        """This very process."""
        return cls(_user(), socket.gethostname(), os.getpid(), _started(os.getpid()))

    @classmethod
    def from_data(cls, data: object) -> Owner | None:
        """One that was written down; None where it is not of its form."""
        try:
            given: dict[str, Any] = dict(data)  # type: ignore[call-overload]
            return cls(str(given["user"]), str(given["host"]), int(given["pid"]), str(given["started"]))
        except (TypeError, ValueError, KeyError):
            return None

    def to_data(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)

    def alive(self) -> bool | None:
        """Whether it still runs; None where that cannot be told from here (another machine)."""
        if self.host != socket.gethostname():
            return None
        return self.started == _started(self.pid) if self.started else None

    def __str__(self) -> str:
        return f"{self.user}@{self.host}, pid {self.pid}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a uid without a name, as in some containers
        return str(os.getuid())


def _started(pid: int) -> str:
    """Empty where there is no such process, or no /proc."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return f"{boot}/{fields[_STARTTIME]}"
    except (OSError, IndexError):
        return ""
