"""The switch: node by node, each looked at, and back where one does not come."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kubestead.cilium.rollout import AgentPod, Rollout
from kubestead.facts.ciliumrollout import CiliumRollout
from kubestead.facts.files import FileStates
from kubestead.facts.helm import HelmRelease, Release
from kubestead.operations import ciliumagents
from kubestead.operations.ciliumswitch import ON_DELETE, Switch, switched
from tests.operations.harness import run
from tests.operations.patient import Again, Played, Time

VALUES = {"hubble": {"enabled": False}}
OLD = Release("1.18.4", "deployed", 3, {"hubble": {"enabled": True}})
NODES = ("cp", "w1", "w2")


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch):
    monkeypatch.setattr(ciliumagents, "time", Time())


def agents(*newest, failing="", settled=True):
    """All agents ready, those on the nodes named of the newest form; ``failing`` keeps ending there."""
    pods = tuple(
        AgentPod(f"cilium-{node}{'-new' if node in newest else ''}", node, node, ready=node != failing,
                 newest=node in newest, restarts=3 if node == failing else 0)
        for node in NODES
    )  # fmt: skip
    return Rollout(pods, ("cp",), settled, True)


SAID = ["clock\t2026-11-22T10:00:00"]
SAID += [f"status\t{node}\tOk\t1.18.4" for node in NODES]
SAID += [
    f"reach\t{one}\tlab/{other}\t2026-11-22T10:00:05Z\t\t2026-11-22T10:00:05Z\t" for one in NODES for other in NODES
]
WELL = {"cilium-dbg status": SAID}


def done(*rollouts, release=OLD, answers=None, **changes):
    switch = Switch(**{"chart": "/c.tgz", "chart_version": "1.18.4", "values": VALUES, "good": 3, **changes})
    facts = {HelmRelease: release, FileStates: {}, CiliumRollout: Again(rollouts)}
    host = Played(facts, "cp", {**WELL, **(answers or {})})
    return run(switched, host, switch=switch), host


def sent(host, *words):
    """Which of some commands were sent, in their order."""
    return [word for command in host.sent for word in words if word in command]


def test_a_release_that_agrees_is_left():
    outcome, _ = done(agents(*NODES), release=Release("1.18.4", "deployed", 3, VALUES))
    assert outcome.noop == "cilium 1.18.4 is deployed with these values"


def test_agents_follow_one_by_one_and_then_by_themselves_again():
    outcome, host = done(
        agents(settled=False), agents(), agents(), agents("w1"), agents("w1"), agents("w1", "w2"), agents("w1", "w2"),
        agents(*NODES),
    )  # fmt: skip
    assert outcome.call() is True, host.sent
    assert sent(host, "cilium-w1 ", "cilium-w2 ", "cilium-cp ", "switching-values.yaml >", "cilium-values.yaml >") == [
        "switching-values.yaml >", "cilium-w1 ", "cilium-w2 ", "cilium-cp ", "cilium-values.yaml >",
    ]  # fmt: skip
    first, last = host.sent[0], host.sent[-1]
    assert '{"good": 3, "apart": false}' in first
    assert "rm -f /var/lib/kubestead/cilium-switch.json" in last


def test_what_was_begun_goes_on_without_another_upgrade():
    there = Release("1.18.4", "deployed", 4, {**VALUES, **ON_DELETE})
    outcome, host = done(agents("w1"), agents("w1"), agents("w1", "w2"), agents("w1", "w2"), agents(*NODES),
                         release=there, begun=True)  # fmt: skip
    assert outcome.call() is True
    assert sent(host, "cilium-w1 ", "cilium-w2 ", "cilium-cp ", "switching-values.yaml >", "cilium-values.yaml >") == [
        "cilium-w2 ", "cilium-cp ", "cilium-values.yaml >",
    ]  # fmt: skip


def test_together_means_all_at_once():
    outcome, host = done(agents(), agents(), agents("w1"), agents(*NODES), apart=True, together=True)
    assert outcome.call() is True
    deleted = [command for command in host.sent if "delete pod --wait=false" in command]
    assert [[node for node in NODES if f"cilium-{node} " in command] for command in deleted] == [["cp", "w1", "w2"]]


def test_an_agent_that_keeps_ending_takes_all_of_it_back(caplog):
    logs, worker = ["level=fatal msg=no-such-device"], Played({}, "w2")
    outcome, host = done(agents(), agents(), agents("w1", failing="w1"), agents("w1", failing="w1"),
                         agents("w1", failing="w1"), agents(*NODES),
                         answers={"level=fatal": logs}, witnesses=(worker,),
                         undo=("taking kube-proxy away again", "UNDO", "RULES"))  # fmt: skip
    assert outcome.call() is False
    assert sent(host, "cilium-w1 ", "cilium-w2 ", "helm rollback cilium 3", "UNDO") == [
        "cilium-w1 ", "helm rollback cilium 3", "UNDO",
    ]  # fmt: skip
    assert worker.sent == ["RULES"]
    assert "w1: its agent keeps ending: cilium-w1-new not ready, started again 3 times" in caplog.text
    assert "its first error: level=fatal msg=no-such-device" in caplog.text
    assert "Cilium is back at Helm revision 3, and every agent is well" in caplog.text
    assert "rm -f /var/lib/kubestead/cilium-switch.json" in host.sent[-1]


def test_an_operator_that_keeps_ending_takes_it_back_before_an_agent_is_touched(caplog):
    ends = replace(agents(), operator=False, failing_operators=("cilium-operator-x",))
    outcome, host = done(agents(settled=False), ends, ends, agents(*NODES), answers={"level=fatal": ["level=fatal no"]})
    assert outcome.call() is False
    assert "the operator keeps ending: cilium-operator-x; its first error: level=fatal no" in caplog.text
    assert sent(host, "delete pod --wait=false", "helm rollback cilium 3") == ["helm rollback cilium 3"]


def test_an_agent_that_is_not_well_counts_as_one_that_did_not_come(caplog):
    ill = [*SAID[:2], "status\tw1\tFailure\tno API", *SAID[3:]]
    answers = {"cilium-dbg status": [ill] * 125 + [SAID]}
    outcome, host = done(agents(), agents(), agents("w1"), agents(*NODES), answers=answers)
    assert outcome.call() is False
    assert "the agent of w1 says Failure: no API" in caplog.text
    assert sent(host, "helm rollback cilium 3") == ["helm rollback cilium 3"]


def test_a_way_back_that_fails_is_told_and_leaves_the_mark(caplog):
    outcome, host = done(agents(), agents(), agents("w1", failing="w1"), answers={"helm rollback": "no such revision"})
    assert outcome.call() is False
    assert "going back to Helm revision 3 failed too: cp: helm rollback to revision 3: no such revision" in caplog.text
    assert not any("rm -f /var/lib/kubestead/cilium-switch.json" in command for command in host.sent)


def test_a_chart_that_helm_refuses_is_told_and_rolled_back(caplog):
    outcome, host = done(agents(*NODES), answers={"switching-values.yaml >": "template: no"})
    assert outcome.call() is False
    assert "helm upgrade: template: no" in caplog.text
    assert sent(host, "helm rollback cilium 3")
