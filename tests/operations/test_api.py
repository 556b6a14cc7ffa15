"""Waiting for the API server: only where it does not answer, only at execution, and an end that says why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kubestead.errors import Finding
from kubestead.facts.health import ClusterHealth
from kubestead.health import ClusterState
from kubestead.operations.api import ready
from tests.operations.harness import Outcome, run
from tests.operations.patient import Played
from tests.shell import sh

DIFFERS = Finding(
    "group_data/all.py: pod_cidr", "the running cluster has 10.0.0.0/8", "write that", value="10.1.0.0/16"
)


def wait(
    answers: object = (), *, now: bool = False, executing: bool = True, found: tuple[Finding, ...] = ()
) -> Outcome:
    host = Played({ClusterHealth: ClusterState(answers=now)}, "k8s-cp", {"get --raw /readyz": answers})
    return run(ready, host, executing=executing, within_seconds=300, compare=lambda: found)


@pytest.mark.parametrize("case", [{"now": True}, {"executing": False}], ids=["it answers", "only planned"])
def test_nothing_is_waited_for(case: dict[str, bool]) -> None:
    done = wait(**case, found=(DIFFERS,))
    assert (done.noop, done.host.sent) == ("the API server answers", [])
    assert [fact for fact, _ in done.host.asked] == [ClusterHealth], "a question that is not planned costs a round trip"


def test_one_that_comes_back_is_waited_for_and_that_is_no_change() -> None:
    done = wait([])
    assert (done.noop, done.yielded, done.host.timeouts) == ("the API server answers now", [], [330])


def test_one_that_stays_away_is_told_with_its_host_what_was_said_and_what_to_do() -> None:
    (command,) = wait("The connection to the server k8s-api:6443 was refused").shell
    for words in ("k8s-cp: waiting 300 s for the API server", "was refused", "deploys/diagnose.py"):
        assert words in command


def test_what_the_preflight_could_not_compare_ends_the_run() -> None:
    (command,) = wait([], found=(DIFFERS,)).shell
    assert "the running cluster has 10.0.0.0/8" in command


@pytest.mark.parametrize("kind", [OSError("link lost"), TimeoutError("timed out")])
def test_a_link_that_is_cut_while_it_waits_is_told(kind: OSError) -> None:
    (command,) = wait(kind).shell
    assert "k8s-cp: waiting 300 s for the API server" in command


@pytest.mark.parametrize(("after", "says"), [(1, ""), (99, "refused\nkubelet.service: inactive\n")])
def test_the_script_asks_until_it_is_ready_or_the_time_is_up(tmp_path: Path, after: int, says: str) -> None:
    kubectl = f"echo >> {tmp_path}/asked; [ $(wc -l < {tmp_path}/asked) -gt {after} ] || {{ echo refused; exit 1; }}"
    for name, script in {"kubectl": kubectl, "systemctl": "echo inactive; exit 3"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    (script,) = wait([]).host.sent
    assert "timeout 300 " in script
    done = sh(script.replace("timeout 300 ", "timeout 3 "), path=f"{tmp_path}:{os.environ['PATH']}")
    assert (done.returncode == 0, done.stdout.decode(), done.stderr.decode()) == (not says, "", says)
