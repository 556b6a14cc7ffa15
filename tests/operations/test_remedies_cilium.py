"""The Cilium agent's restart: only where it helps, and only a new, ready agent counts."""

from __future__ import annotations

import pytest

from kubestead.facts.cilium import Agent, CiliumAgents, MissingNetworkFiles
from kubestead.facts.service import Services
from kubestead.operations.remedies import restart_cilium
from tests.operations.harness import run
from tests.operations.patient import AGENT, DEAD, WELL, Again, control_plane, node, view
from tests.shell import sh

pytestmark = pytest.mark.usefixtures("no_wait")
NEW = Agent("cilium-fghij", "uid-2", True)
STARTING = Agent("cilium-fghij", "uid-2", False, "PodInitializing")


def restart(*agents, missing=([],), views=(WELL,), **arguments):
    host = node({MissingNetworkFiles: Again(missing)})
    api = control_plane(*views, facts={CiliumAgents: Again(agents)})
    return run(restart_cilium, host, control_plane=api, **arguments), api


def test_a_ready_agent_is_left_alone():
    outcome, _ = restart((AGENT,))
    assert "its agent ready" in str(outcome.noop)


@pytest.mark.parametrize(
    ("agent", "case"),
    [
        (Agent("cilium-abcde", "uid-1", False), {}),
        (AGENT, {"missing": (["/opt/cni/bin/cilium-cni"], [])}),
        (AGENT, {"views": (view("False"), WELL)}),
        (AGENT, {"force": True}),
    ],
    ids=["not ready", "a file is missing", "the node is not Ready", "forced"],
)
def test_any_other_is_deleted_without_waiting_for_the_node_and_the_next_one_awaited(agent, case):
    outcome, api = restart((agent,), (agent, STARTING), (STARTING,), (NEW,), **case)
    assert outcome.call() is True
    (delete,) = api.sent
    assert "delete pod --wait=false --ignore-not-found cilium-abcde" in delete


def test_without_an_agent_there_is_nothing_to_delete_but_one_to_wait_for():
    outcome, api = restart((), (NEW,))
    assert outcome.call() is True
    assert api.sent == []


def test_the_old_agent_is_not_taken_for_the_new_one(caplog):
    outcome, _ = restart((AGENT,), missing=(["/opt/cni/bin/cilium-cni"], []))
    assert outcome.call() is False
    assert "no new agent" in caplog.text


@pytest.mark.parametrize("after", [(["/etc/cni/net.d/*.conflist"],), ([],)])
def test_what_is_still_missing_is_said_with_the_next_command(after, caplog):
    outcome, _ = restart((AGENT,), (STARTING,), missing=(["/opt/cni/bin/cilium-cni"], *after))
    assert outcome.call() is False
    assert "cilium-fghij not ready (PodInitializing)" in caplog.text
    assert "describe pods --selector k8s-app=cilium --field-selector spec.nodeName=node1" in caplog.text
    assert ((after[0] and after[0][0]) or "node1") in caplog.text


def test_a_silent_api_and_a_dead_kubelet_are_refused_with_what_to_do():
    (silent,) = restart(None)[0].shell
    assert b"cp: its API does not answer" in sh(silent).stderr
    host = node({Services: {"kubelet.service": DEAD}})
    (dead,) = run(restart_cilium, host, control_plane=control_plane()).shell
    assert b"deploys/restart_kubelet.py --limit node1" in sh(dead).stderr
