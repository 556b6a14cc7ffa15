"""The parts a host's report is made of. None is unknown, which is never well."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Disk:
    """The file system below a path: bytes and inodes, None where it counts none; ``read_only`` as mounted now."""

    path: str
    target: str
    size: int | None = None
    free: int | None = None
    inodes: int | None = None
    inodes_free: int | None = None
    read_only: bool | None = None


@dataclass(frozen=True)
class Unit:
    """A service, in systemd's words, and its main process.

    Args:
        load, active, sub, enabled, result: systemd's LoadState, ActiveState, SubState, UnitFileState, Result.
        restarts: how often systemd started it again by itself since somebody started it.
        exit_code, exit_status: how its main process ended last (``1`` exited, ``2`` killed), and with what.
        started_ago, changed_ago: seconds since its main process started, since its state changed.
        process: the kernel's letter for its main process; ``T`` is stopped by a signal.
        frozen: its control group is frozen.
        command: its ExecStart.
        log: its last lines in the journal, oldest first.
    """

    load: str | None = None
    active: str | None = None
    sub: str | None = None
    enabled: str | None = None
    result: str | None = None
    restarts: int | None = None
    exit_code: int | None = None
    exit_status: int | None = None
    started_ago: float | None = None
    changed_ago: float | None = None
    process: str | None = None
    frozen: bool = False
    command: str = ""
    log: tuple[str, ...] = ()

    @property
    def runs(self) -> bool:
        """It is active and not on its way out or in between two tries."""
        return self.active == "active" and self.sub == "running"


@dataclass(frozen=True)
class Binary:
    """A program: where it is, and how it ended when asked for its version (``missing`` and ``not-executable`` too)."""

    state: str
    path: str = ""
    said: str = ""

    @property
    def works(self) -> bool:
        """It told its version; an empty file, which a shell would run with success, told nothing."""
        return self.state == "0" and bool(self.said.strip())


@dataclass(frozen=True)
class Page:
    """What a server on the host answered: ``status`` is HTTP's; None: ``refused``, or not a word in three seconds."""

    status: int | None
    text: str = ""

    @property
    def timed_out(self) -> bool:
        """Neither an answer nor a refusal."""
        return self.status is None and self.text != "refused"


@dataclass(frozen=True)
class Asked:
    """How a command that asks something ended: exit code (124 and 137: it took too long) and what it complained of."""

    code: int
    said: str = ""

    @property
    def timed_out(self) -> bool:
        """It gave no answer in its time."""
        return self.code in (124, 137)
