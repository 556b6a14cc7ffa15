"""A run that is killed: watched by its record and by its hosts, and then ended in one of several ways."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kubestead.record.read import BEGUN, FOLDER, names
from tests.twin.conftest import Twin, eventually
from tests.twin.crashcases import Crash, Point
from tests.twin.operator import PYINFRA, Run

# Nothing of a run lasts longer on a busy machine; a link that went silent is noticed within a minute.
WAIT_SECONDS = 400
ENDS_WITHIN_SECONDS = 180
CABLE = "cable-pulled"


class Running:
    """``deploys/cluster.py`` under way, in a process group of its own."""

    def __init__(self, twin: Twin) -> None:
        self.twin, self.before = twin, set(names())
        argv = [sys.executable, "-m", "kubestead.cli", "twin", "exec", "--name", twin.name, "--", PYINFRA, "-y"]
        argv += ["inventory/lab.py", "deploys/cluster.py"]
        self.process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip

    def reach(self, point: Point) -> None:
        """Watch until the point is there."""
        eventually(lambda: self._begun(point.operation) or self._ended(), WAIT_SECONDS)
        if point.holds:
            loop = f"until ( {point.holds} ) >/dev/null 2>&1; do sleep 0.02; done"
            waiting = subprocess.Popen([*self._ssh(point.host), loop])
            eventually(lambda: waiting.poll() is not None or self._ended(), WAIT_SECONDS)

    def kill(self, crash: Crash) -> None:
        """End it, or what it needs."""
        host = crash.point.host
        if crash.way == "controller killed":
            os.killpg(self.process.pid, signal.SIGKILL)
        elif crash.way == "Ctrl-C":
            os.killpg(self.process.pid, signal.SIGINT)
        elif crash.way == "link reset":
            # It ends the session this very command came by, too.
            self.twin.cli("ssh", host, "pkill -KILL -f '^sshd: root@'")
        elif crash.way == "link silent":
            self.twin.must("break", host, CABLE)
        else:
            self.twin.must("power", "cycle", host)

    def end(self) -> Run:
        """What it printed until it ended."""
        output, _ = self.process.communicate(timeout=ENDS_WITHIN_SECONDS)
        return Run(self.process.returncode, output, "")

    def abandon(self) -> None:
        """Nothing of it is left, whatever went wrong in the test."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()

    def _begun(self, operation: str) -> bool:
        for name in sorted(set(names()) - self.before):
            path = Path(FOLDER) / name / BEGUN
            lines = path.read_text().split("\n")[:-1] if path.is_file() else []
            if any(json.loads(line)["operation"].startswith(operation) for line in lines):
                return True
        return False

    def _ended(self) -> bool:
        assert self.process.poll() is None, f"the run ended first:\n{self.process.communicate()[0]}"
        return False

    def _ssh(self, host: str) -> list[str]:
        return [sys.executable, "-m", "kubestead.cli", "twin", "ssh", "--name", self.twin.name, host]


@contextmanager
def running(twin: Twin) -> Iterator[Running]:
    """A run that is over at the end, one way or another."""
    run = Running(twin)
    try:
        yield run
    finally:
        run.abandon()
