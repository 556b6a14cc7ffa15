"""The kubelet's restart and the reset: done where they are needed, and each ends with what it saw."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from kubestead.facts.leftovers import Leftovers
from kubestead.facts.membership import NodeMembership
from kubestead.facts.node import ApiNode, Clock, NodeView
from kubestead.facts.systemd import UnitState, UnitStates
from kubestead.membership import Membership
from kubestead.operations import remedies
from kubestead.operations.reset import reset_node
from tests.operations.harness import Host, Outcome, run
from tests.shell import sh

RUNS = UnitState("loaded", "active", "enabled", False)
LEASES = [datetime(2025, 1, 1, 0, 0, second, tzinfo=timezone.utc) for second in range(3)]
READY = NodeView("True", LEASES[0])


def restart(unit: UnitState | None, *views: NodeView, force: bool = False) -> Outcome:
    facts = {UnitStates: {remedies.KUBELET: unit} if unit else {}, Clock: LEASES[1]}
    return run(remedies.restart_kubelet, facts, control_plane=Host({ApiNode: iter(views)}, "cp"), force=force)


def test_a_healthy_node_is_left_alone():
    assert "--data force=true" in str(restart(RUNS, READY).noop)


@pytest.mark.parametrize(
    ("unit", "view", "force"),
    [
        (RUNS, READY, True),
        (RUNS, NodeView("Unknown", LEASES[0]), False),
        (RUNS, NodeView(), False),
        (UnitState("loaded", "failed", "enabled", False), READY, False),
    ],
    ids=["forced", "not Ready", "the API knows nothing", "the kubelet is down"],
)
def test_any_other_node_has_its_kubelet_restarted_and_is_watched(unit, view, force):
    after = NodeView("True", LEASES[2])
    outcome = restart(unit, view, after, force=force)
    assert outcome.shell == ["systemctl enable --quiet kubelet.service && systemctl restart kubelet.service"]
    assert outcome.call() is True


def test_a_masked_kubelet_is_unmasked():
    masked = UnitState("masked", "inactive", "masked", False)
    (command,) = restart(masked, NodeView("Unknown", None)).shell
    assert command.startswith("systemctl unmask --quiet kubelet.service; systemctl enable")


def test_ready_is_believed_only_with_a_new_lease():
    """The API goes on saying Ready for 40 s after a kubelet has gone, and the old one may have renewed it last."""
    last = NodeView("True", LEASES[1])
    outcome = restart(RUNS, READY, last, NodeView("True", LEASES[2]), force=True)
    assert outcome.call() is True
    assert len(outcome.yielded[-1].args[0].asked) == 3


@pytest.mark.parametrize("unit", [None, UnitState("not-found", "inactive", "", False)])
def test_a_host_without_a_kubelet_is_refused(unit):
    assert b"node1: has no kubelet" in sh(restart(unit).shell[0]).stderr


def test_a_clean_host_is_not_reset():
    assert run(reset_node, {NodeMembership: Membership(), Leftovers: []}).noop


@pytest.mark.parametrize(
    ("membership", "left"), [(Membership(interrupted="join"), []), (Membership(), ["link: cilium_host"])]
)
@pytest.mark.parametrize("after", [[], ["link: cilium_host"]])
def test_a_reset_succeeds_only_when_nothing_is_left(membership, left, after):
    outcome = run(reset_node, {NodeMembership: membership, Leftovers: iter([left, after])})
    assert "kubeadm reset --force" in outcome.shell[0]
    if membership != Membership():
        outcome.host.facts[Leftovers] = iter([after])
    assert outcome.call() is (not after)
