"""Two real runs on the same hosts: the second is kept out, told who is there, and let in once the first is gone."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploys.runner import prepare, start
from tests.deploys.test_run_record import SLOW, begun, recorded, until


def locks(folder: Path) -> list[Path]:
    return list(folder.glob(".kubestead/locks/*/*.lock"))


@pytest.fixture
def at_work(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run that is under way on all hosts of ``tmp_path``, and stands still for as long as the test takes."""
    prepare(tmp_path, SLOW)
    process = start(tmp_path, "cluster", "-y")
    until(lambda: begun(tmp_path) >= 2)
    process.send_signal(signal.SIGSTOP)
    yield process
    process.kill()
    process.communicate()


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=120)
    return process.returncode, output


def test_the_second_run_is_kept_out_and_told_who_is_there(tmp_path: Path, at_work: subprocess.Popen[str]) -> None:
    code, output = finish(start(tmp_path, "cluster", "-y"))
    assert code == 1
    assert "another run is at work on @fake/k8s-cp, @fake/k8s-worker1, @fake/k8s-worker2: " in output
    assert f"pid {at_work.pid}, since " in output
    assert "pyinfra inventory.py deploys/cluster.py -y; wait for it to end, or stop it on " in output
    assert "Beginning operation run" not in output
    assert "Traceback" not in output
    assert recorded(tmp_path).outcome == "refused"
    at_work.send_signal(signal.SIGCONT)
    assert finish(at_work)[0] == 0, "the first one goes on as if nothing were"


@pytest.mark.parametrize(("deploy", "option"), [("verify", "-y"), ("cluster", "--dry")], ids=["verify", "dry"])
def test_what_only_looks_needs_no_lock(
    tmp_path: Path, at_work: subprocess.Popen[str], deploy: str, option: str
) -> None:
    code, output = finish(start(tmp_path, deploy, option))
    assert code == 0, output
    assert len(locks(tmp_path)) == 1


def test_a_killed_runs_lock_is_taken_over_and_a_run_gives_its_own_back(
    tmp_path: Path, at_work: subprocess.Popen[str]
) -> None:
    at_work.kill()
    at_work.wait()
    assert len(locks(tmp_path)) == 1
    code, output = finish(start(tmp_path, "cluster", "-y"))
    assert code == 0, output
    assert "a run ended without giving its lock back, and this one takes over: " in output
    assert f"pid {at_work.pid}" in output
    assert locks(tmp_path) == []


def test_remedies_of_different_nodes_go_on_side_by_side(tmp_path: Path) -> None:
    prepare(tmp_path, SLOW)
    first = start(tmp_path, "cluster", "-y", "--limit", "@fake/k8s-cp")
    until(lambda: locks(tmp_path))
    first.send_signal(signal.SIGSTOP)
    code, output = finish(start(tmp_path, "restart_kubelet", "-y", "--limit", "@fake/k8s-worker1"))
    assert "another run is at work" not in output, code
    first.kill()
    first.communicate()
