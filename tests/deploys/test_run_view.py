"""What a run prints: plain lines, the view of a terminal, and pyinfra's own words."""

from __future__ import annotations

import os
import pty
from pathlib import Path

import pytest

from tests.deploys.runner import environment, prepare, pyinfra, run

FAILS = {"k8s-worker2": {"kubeadm join --config": {"success": False, "stderr": "it broke"}}}


def test_plain_lines_tell_phases_changes_and_the_end(tmp_path: Path) -> None:
    done = run(tmp_path, "cluster", "-y")
    assert done.returncode == 0
    shown = done.stderr.split("Beginning operation run...")[1]
    lines = shown.splitlines()
    assert "--> Host" in lines
    assert "    changed  kubeadm init: @fake/k8s-cp" in lines
    assert lines[-1].startswith("--> done in ")
    assert "28 operations, 46 changes on 3 hosts; 'kubestead report' shows it" in lines[-1]
    assert not [word for word in ("Starting operation", "No changes", "Success", "Results:") if word in shown]


def test_what_operations_say_stands_below_its_phase(tmp_path: Path) -> None:
    lines = run(tmp_path, "verify", "-y").stderr.splitlines()
    place = lines.index("--> Verify")
    assert "ok      everything" in lines[place + 1]


def test_a_failure_is_told_with_its_output_and_the_end(tmp_path: Path) -> None:
    done = run(tmp_path, "cluster", "-y", lab=f"bare_lab({FAILS!r})")
    assert done.returncode == 1
    assert "it broke" in done.stderr
    assert "    failed   kubeadm join: @fake/k8s-worker2" in done.stderr.splitlines()
    assert "--> failed on @fake/k8s-worker2 in " in done.stderr
    assert "pyinfra error" in done.stderr


@pytest.mark.parametrize(("options", "variable"), [(["-v"], ""), ([], "pyinfra")], ids=["-v", "variable"])
def test_pyinfras_own_words_are_one_flag_away(
    tmp_path: Path, options: list[str], variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBESTEAD_OUTPUT", variable)
    done = run(tmp_path, "verify", "-y", *options)
    assert "Starting operation: Verify | Nodes and system pods" in done.stderr
    assert "Grand total" in done.stderr


def test_a_view_there_is_not_ends_the_run_before_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBESTEAD_OUTPUT", "fancy")
    done = run(tmp_path, "verify", "-y")
    assert done.returncode == 1
    assert "KUBESTEAD_OUTPUT = 'fancy': is no view; write one of pyinfra, plain, rich" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Connecting" not in done.stderr


def test_on_a_terminal_two_lines_stand_for_now_and_are_gone_at_the_end(tmp_path: Path) -> None:
    prepare(tmp_path)
    argv = pyinfra("cluster", ["-y"])
    own = {**environment(tmp_path), "TERM": "xterm-256color", "COLUMNS": "110"}
    own = {key: value for key, value in own.items() if key not in ("CI", "PYINFRA_PROGRESS")}
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(tmp_path)
        os.execvpe(argv[0], argv, own)  # noqa: S606 - the terminal is the test
    shown = b""
    while data := _read(terminal):
        shown += data
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    text = shown.decode().split("Beginning operation run...")[1]
    assert "Control plane | kubeadm init" in text, "what was under way"
    assert "\x1b[2K" in text, "and was wiped"
    assert text.rstrip("\r\n \x1b[0m").endswith("'kubestead report' shows it")
    assert "\x1b[?25h" in text, "the cursor is there again"


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so at the end of a terminal's output
        return b""
