"""Runs a deploy, or a command of the site's, as a process group with a time limit."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Seconds between the polite signal and the other; pyinfra disconnects meanwhile.
GRACE = 5


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Args:
        code: its exit code; None: it was killed, at the limit or because it may not go on.
        seconds: how long it ran.
        last: the last lines it said.
        over_limit: it was killed at the limit.
    """

    code: int | None
    seconds: float
    last: str
    over_limit: bool = False

    @property
    def well(self) -> bool:
        """Exit code 0."""
        return self.code == 0


def run(
    argv: Sequence[str],
    log: Path,
    limit: float,
    may_go_on: Callable[[], bool] = lambda: True,
    env: Mapping[str, str] | None = None,
) -> Ended:
    """Run a command to its end, its output in ``log``; its whole process group is ended with it.

    Args:
        argv: the command, never through a shell.
        log: a file for everything it says.
        limit: seconds.
        may_go_on: asked several times a second; False ends the command.
        env: added to the environment.
    """
    begun = time.monotonic()
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*_dies_with_us(), *argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **(env or {})},
        )
        over = _await(process, begun + limit, may_go_on)
        _end_group(process)
    code = process.returncode if process.returncode is not None and not over else None
    return Ended(code, time.monotonic() - begun, _tail(log), over == "limit")


def _dies_with_us() -> list[str]:
    """A watcher that is killed leaves no remedy running unseen (prctl(2), PR_SET_PDEATHSIG); Linux only."""
    setpriv = shutil.which("setpriv")
    # The signal comes when the thread that started the command ends; that thread waits for the command.
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


def _await(process: subprocess.Popen[bytes], end: float, may_go_on: Callable[[], bool]) -> str:
    while True:
        try:
            process.wait(0.2)
            return ""
        except subprocess.TimeoutExpired:
            if time.monotonic() > end:
                return "limit"
            if not may_go_on():
                return "stopped"


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the group, also after the command itself has ended."""
    for signal_, grace in ((signal.SIGTERM, GRACE), (signal.SIGKILL, GRACE)):
        try:
            os.killpg(process.pid, signal_)
        except (ProcessLookupError, PermissionError):
            break
        end = time.monotonic() + grace
        while time.monotonic() < end and _alive(process):
            threading.Event().wait(0.05)
    process.wait()


def _alive(process: subprocess.Popen[bytes]) -> bool:
    process.poll()
    try:
        os.killpg(process.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _tail(log: Path, lines: int = 8) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
