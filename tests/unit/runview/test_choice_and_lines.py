"""Which view a run has, and what the view says."""

from __future__ import annotations

import pytest

from kubestead.errors import KubesteadError
from kubestead.invocation import Invocation
from kubestead.runview.choice import choose
from kubestead.runview.lines import Progress, changed_line, failed_line, running_line

TERMINAL = {"TERM": "xterm"}


def run(**options):
    return Invocation("pyinfra", ("cluster",), {"yes": True, **options})


@pytest.mark.parametrize(
    ("environment", "command", "terminal", "view"),
    [
        (TERMINAL, run(), True, "rich"),
        (TERMINAL, run(), False, "plain"),
        ({"TERM": "dumb"}, run(), True, "plain"),
        ({}, run(), True, "plain"),
        ({**TERMINAL, "CI": "true"}, run(), True, "plain"),
        ({**TERMINAL, "KUBESTEAD_OUTPUT": "plain"}, run(), True, "plain"),
        ({**TERMINAL, "KUBESTEAD_OUTPUT": "pyinfra"}, run(), True, "pyinfra"),
        ({**TERMINAL, "KUBESTEAD_OUTPUT": "rich"}, run(), False, "plain"),
        (TERMINAL, run(verbosity=1), True, "pyinfra"),
        (TERMINAL, run(json_output=True), True, "pyinfra"),
        (TERMINAL, run(dry=True), True, "pyinfra"),
        (TERMINAL, run(serial=True), True, "pyinfra"),
        (TERMINAL, Invocation("pyinfra", (), {}), True, "pyinfra"),
    ],
)
def test_the_view_of_a_run(environment, command, terminal, view):
    assert choose(environment, command, terminal) == view


def test_a_view_there_is_not_is_refused_with_those_there_are():
    with pytest.raises(KubesteadError, match="'fancy': is no view; write one of pyinfra, plain, rich"):
        choose({"KUBESTEAD_OUTPUT": "fancy"}, run(), True)


def test_lines_name_some_hosts_and_the_time_where_it_matters():
    assert changed_line("No swap", ["b", "a"], 0.4) == "changed  No swap: a, b"
    assert failed_line("join", ["a"], 6.34) == "failed   join: a (6.3 s)"
    assert running_line("join", [f"w{n}" for n in range(9)], 65) == (
        "running  join: w0, w1, w2, w3 and 5 more (1 min 5 s)"
    )


def test_what_stands_for_now():
    progress = Progress("Worker", "kubeadm join", 60, {"w2"}, changes=3, last="Cilium 1.18.4")
    assert progress.now(75) == (
        "1 min 15 s  Worker | kubeadm join, 15 s",
        "           on w2; 3 changes; last: Cilium 1.18.4",
    )
    assert Progress("", "the API answers").now(1)[0] == "      1 s  the API answers"


@pytest.mark.parametrize(
    ("progress", "well", "line"),
    [
        (Progress(operations=59), True, "done in 3 s: 59 operations, nothing changed"),
        (Progress(operations=1, changes=1, changed_hosts={"a"}), True, "done in 3 s: 1 operation, 1 change on 1 host"),
        (Progress(operations=2, failed=["a", "b"]), False, "failed on a, b in 3 s: 2 operations, nothing changed"),
        (Progress(operations=2), False, "ended early in 3 s: 2 operations, nothing changed"),
    ],
)
def test_the_last_line(progress, well, line):
    assert progress.end(3, well) == line
