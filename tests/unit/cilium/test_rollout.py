"""Which agents run the newest configuration, and in which order the others follow."""

from __future__ import annotations

import pytest

from kubestead.cilium.checks import Reached, clock, reached, statuses, unreached
from kubestead.cilium.rollout import AgentPod, Rollout, batches, parse

LINES = [
    "revision\told\t1",
    "revision\tnew\t2",
    "pod\tcilium-a\tu1\tk8s-cp\tTrue\t\told\t0\t0 0\t\t",
    "pod\tcilium-b\tu2\tk8s-worker1\tTrue\t\tnew\t0\t0 0\t\t",
    "pod\tcilium-c\tu3\tk8s-worker2\tTrue\t2026-11-22T10:00:00Z\told\t1\t0\t\t",
    "pod\tcilium-d\tu4\tk8s-worker2\tFalse\t\tnew\t3\t0 0\tCrashLoopBackOff\t",
    "operator\tcilium-operator-a\tTrue\t5",
    "operator\tcilium-operator-b\tFalse\t1",
    "operator\tcilium-operator-c\tFalse\t",
    "operator\tcilium-operator-d\tFalse\t2",
    "control-plane\tk8s-cp",
    "DaemonSet/cilium\t5\t5",
    "Deployment/cilium-operator\t3\t3\t2\t2\t2",
    "answered",
]


def changed(**replaced: str) -> list[str]:
    return [next((new for old, new in replaced.items() if line.startswith(old)), line) for line in LINES]


def found() -> Rollout:
    rollout = parse(LINES)
    assert rollout
    return rollout


def test_everything_is_read():
    rollout = found()
    assert rollout.settled
    assert rollout.operator
    assert rollout.nodes == ("k8s-cp", "k8s-worker1", "k8s-worker2")
    assert rollout.outdated == ("k8s-worker2", "k8s-cp"), "control planes last"
    assert rollout.failing_operators == ("cilium-operator-d",)
    leaving, failing = rollout.on("k8s-worker2")
    assert (leaving.ready, leaving.restarts) == (False, 1)
    assert failing.fails
    assert str(failing) == "cilium-d not ready, CrashLoopBackOff, started again 3 times"


def test_an_unanswered_question_tells_nothing():
    assert parse([]) is None
    assert parse(LINES[:-1]) is None


def test_only_one_ready_agent_of_the_newest_form_counts():
    rollout = found()
    assert rollout.runs_newest("k8s-worker1")
    assert not rollout.runs_newest("k8s-cp")
    assert not rollout.runs_newest("k8s-worker2")
    assert not rollout.runs_newest("k8s-worker9")


@pytest.mark.parametrize(
    ("line", "settled", "operator"),
    [
        ("DaemonSet/cilium\t6\t5", False, True),
        ("Deployment/cilium-operator\t4\t3\t2\t2\t2", True, False),
        ("Deployment/cilium-operator\t3\t3\t2\t1\t2", True, False),
        ("Deployment/cilium-operator\t3\t3\t2\t2\t", True, False),
        ("Deployment/cilium-operator\t3\t3\t2\t\t", True, False),
    ],
)
def test_a_form_nobody_has_seen_yet_is_not_settled(line, settled, operator):
    rollout = parse(changed(**{line.partition("\t")[0]: line}))
    assert rollout
    assert (rollout.settled, rollout.operator) == (settled, operator)


def test_an_agent_that_is_started_for_the_second_time_is_not_given_up():
    assert not AgentPod("a", "u", "n", ready=False, newest=True, restarts=1).fails
    assert AgentPod("a", "u", "n", ready=False, newest=True, restarts=2).fails
    assert not AgentPod("a", "u", "n", ready=True, newest=True, restarts=2).fails


@pytest.mark.parametrize(
    ("nodes", "together", "order"),
    [
        (("w1", "w2", "cp"), False, (("w1",), ("w2",), ("cp",))),
        (("w1", "w2", "cp"), True, (("w1", "w2", "cp"),)),
        (("cp",), True, (("cp",),)),
        ((), True, ()),
    ],
)
def test_the_order(nodes, together, order):
    assert batches(nodes, together) == order


SAID = [
    "clock\t2026-11-22T10:00:00",
    "status\tw1\tOk\t1.18.4 ",
    "status\tw2\tFailure\tKubernetes unreachable",
    "status\tcp\t\terror: unable to upgrade connection ",
    "reach\tw1\tlab/w2\t2026-11-22T10:00:05Z\t\t2026-11-22T10:00:06Z\tno route",
    "reach\tw1\tlab/cp\t2026-11-22T09:59:05Z\t\t2026-11-22T10:00:06Z\t",
    "reach\tw1\tlab/w1\t2026-11-22T10:00:05Z\t\t2026-11-22T10:00:06Z\t",
    "something else",
]


def test_what_agents_say_of_themselves():
    well, ill, silent = statuses(SAID)
    assert (well.well, ill.well, silent.well) == (True, False, False)
    assert str(ill) == "the agent of w2 says Failure: Kubernetes unreachable"
    assert str(silent) == "the agent of cp says nothing: error: unable to upgrade connection"


def test_a_way_counts_that_was_tried_since():
    ways = reached(SAID, clock(SAID))
    assert unreached(ways, ["w1"], by=["w1"]) == []
    assert unreached(ways, ["w2", "cp"], by=["w1"]) == [
        "the agent of w1 does not reach pods of w2: no route", "the agent of w1 does not reach cp: not tried yet",
    ]  # fmt: skip
    assert unreached(ways, ["w1"], by=["w9"]) == ["the agent of w9 does not reach w1: not tried yet"]
    assert Reached("a", "b", "", "").fault is None
