"""A command is ended at its limit, with everything it started."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kubestead.watch.subprocesses import run


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_command_that_ends_well_or_not(tmp_path):
    assert run(["sh", "-c", "echo hello"], tmp_path / "log", 20).last == "hello"
    ended = run(["sh", "-c", "echo oh >&2; exit 3"], tmp_path / "log", 20)
    assert (ended.code, ended.well, ended.over_limit) == (3, False, False)
    assert ended.last.splitlines()[-1] == "oh"


def test_at_the_limit_its_children_end_too(tmp_path, until):
    script = f"sleep 600 & echo $! > {tmp_path}/child; wait"
    ended = run(["sh", "-c", script], tmp_path / "log", 0.5)
    assert (ended.code, ended.over_limit) == (None, True)
    child = int((tmp_path / "child").read_text())
    until(lambda: gone(child))


def test_one_that_ignores_the_polite_signal_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr("kubestead.watch.subprocesses.GRACE", 0.5)
    ended = run(["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"], tmp_path / "log", 0.5)
    assert ended.over_limit


def test_it_ends_at_once_when_it_may_not_go_on(tmp_path):
    ended = run(["sleep", "600"], tmp_path / "log", 600, lambda: False)
    assert (ended.code, ended.over_limit) == (None, False)


@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv (util-linux) is not installed")
def test_a_watcher_that_is_killed_leaves_nothing_running(tmp_path, until):
    pid = tmp_path / "pid"
    script = (
        "from pathlib import Path; from kubestead.watch.subprocesses import run; "
        f"run(['sh', '-c', 'echo $$ > {pid}; exec sleep 600'], Path('{tmp_path}/log'), 600)"
    )
    watcher = subprocess.Popen([sys.executable, "-c", script])
    until(lambda: pid.exists() and pid.read_text().strip())
    os.kill(watcher.pid, signal.SIGKILL)
    watcher.wait()
    until(lambda: gone(int(pid.read_text())))
