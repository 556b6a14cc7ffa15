"""Questions that are asked ahead: together, in one shell, and never believed once something was done."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from paramiko import SSHException

from kubestead.phases.asking import ask_together, parse, question_of
from tests.deploys.runner import REPOSITORY

INVENTORY = """\
control_plane = ["@local"]
"""
# Every question writes down which shell asked it, with the shell's number.
DEPLOY = """\
from pyinfra import host, logger, state
from pyinfra.api import FactBase, operation
from kubestead.phases.foresight import Foresight
from kubestead.phases.gather import once

class Lines(FactBase):
    default = list
    def command(self, path):
        return f"echo $$ {path} >> asked; cat {path}; [ {path} != broken ]"
    def process(self, output):
        return output

@operation()
def holds(path, line, then="true"):
    if line in host.get_fact(Lines, path=path):
        host.noop("it is there")
        return
    yield f"echo {line} >> {path}; {then}"

@operation()
def waits(path):
    looks = [host.get_fact(Lines, path=path) for _ in range(2)]
    host.noop("looked")
    return
    yield

@operation()
def asks_by_what_it_heard(path):
    for line in host.get_fact(Lines, path=path):
        host.get_fact(Lines, path=line)
    if state.is_executing:
        logger.info("in earnest")
    return
    yield

once("foresight", lambda: state.add_callback_handler(Foresight(state.active_hosts)))
"""


def run(folder: Path, *operations: str) -> tuple[subprocess.CompletedProcess[str], list[tuple[str, str]]]:
    """The operations run here, and the questions in their order: the shell that asked, and what."""
    (folder / "inventory.py").write_text(INVENTORY)
    (folder / "deploy.py").write_text("\n".join([DEPLOY, *operations]))
    (folder / "asked").write_text("")
    done = subprocess.run(
        [Path(sys.executable).with_name("pyinfra"), "-y", "inventory.py", "deploy.py"],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(REPOSITORY), "PYINFRA_PROGRESS": "off"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    asked = [line.split() for line in (folder / "asked").read_text().splitlines()]
    return done, [(shell, path) for shell, path in asked]


def test_where_nothing_is_to_be_done_all_questions_go_together(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_text("x\n")
    done, asked = run(tmp_path, *(f'holds("{name}", "x")' for name in "abc"))
    assert done.returncode == 0, done.stderr
    assert [path for _, path in asked] == ["a", "b", "c"]
    assert len({shell for shell, _ in asked}) == 1


def test_a_question_that_comes_of_an_answer_goes_in_the_next_round(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("b\nc\n")
    for name in "bc":
        (tmp_path / name).write_text("")
    done, asked = run(tmp_path, 'asks_by_what_it_heard("a")', 'holds("c", "x")')
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("in earnest") == 1
    # c in the first round for the second operation; what was foreseen to be asked twice is answered twice.
    assert [path for _, path in asked] == ["a", "c", "b"]
    assert (tmp_path / "c").read_text() == "x\n"


def test_nothing_is_believed_once_something_was_done(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    (tmp_path / "b").write_text("x\n")
    done, asked = run(tmp_path, 'holds("a", "x", then="rm b; touch b")', 'holds("b", "x")')
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "b").read_text() == "x\n"
    assert Counter(path for _, path in asked) == {"a": 1, "b": 2}


def test_who_looks_again_sees_anew(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    # Planned it looks twice, and so it does in earnest; the third look is of the operation after it.
    done, asked = run(tmp_path, 'waits("a")', 'holds("a", "y")', 'waits("a")')
    assert done.returncode == 0, done.stderr
    assert len(asked) == 1 + 2


def test_what_fails_ahead_is_asked_in_earnest_and_fails_there(tmp_path: Path) -> None:
    (tmp_path / "broken").write_text("x\n")
    done, asked = run(tmp_path, 'holds("broken", "x")')
    assert done.returncode == 1
    assert "could not load fact" in done.stderr
    assert len(asked) >= 2


@pytest.mark.parametrize(
    ("lines", "answers"),
    [
        (["a", "b", "m 0", "m 0"], [["a", "b"], []]),
        (["no newlinem 0", "x", "m 0"], [["no newline"], ["x"]]),
        (["half", "m 1", "x", "m 0"], [None, ["x"]]),
        (["x", "m 0", "cut off"], [["x"]]),
        ([], []),
    ],
    ids=["two", "no last newline", "one failed", "the host fell silent", "nothing"],
)
def test_answers_are_told_apart(lines: list[str], answers: list[list[str] | None]) -> None:
    assert [found and found.stdout_lines if found else None for found in parse(lines, "m")] == answers


@pytest.mark.parametrize("error", [EOFError(), OSError("reset"), TimeoutError(), SSHException("closed")], ids=repr)
def test_a_host_that_dies_over_it_has_answered_nothing(error: Exception) -> None:
    """paramiko gives an EOFError where the connection ends as a channel is opened."""

    def dies(*_: object, **__: object) -> None:
        raise error

    host = SimpleNamespace(connector=SimpleNamespace(run_shell_command=dies))
    assert ask_together(cast("Any", host), {question_of("true", {}): ("true", {})}) == {}
