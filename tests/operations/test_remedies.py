"""The kubelet's and containerd's restart: done where they are needed, and each ends with what it saw; and the reset."""

from __future__ import annotations

from dataclasses import replace

import pyinfra
import pytest

from kubestead.facts.leftovers import Leftovers
from kubestead.facts.membership import NodeMembership
from kubestead.facts.node import NodeView
from kubestead.facts.service import Service, Services
from kubestead.membership import Membership
from kubestead.operations.remedies import restart_containerd, restart_kubelet
from kubestead.operations.reset import reset_node
from kubestead.operations.steps import attempt, run_on
from tests.operations.harness import Outcome, context, run
from tests.operations.patient import DEAD, GONE, NOW, RUNS, SILENT, WELL, Again, control_plane, node, view
from tests.shell import sh

KUBELET, CONTAINERD = "kubelet.service", "containerd.service"
BACK = view(age=-2)

pytestmark = pytest.mark.usefixtures("no_wait")


def restart(service: Service | None, *views: NodeView, operation=restart_kubelet, **arguments) -> Outcome:
    services = {KUBELET: service, CONTAINERD: RUNS} if service else {}
    host = node({Services: services}, {"journalctl": ["unknown flag: --nope"]})
    return run(operation, host, control_plane=control_plane(*views), **arguments)


@pytest.mark.parametrize("operation", [restart_kubelet, restart_containerd])
def test_a_healthy_node_is_left_alone(operation):
    outcome = restart(RUNS, WELL, operation=operation)
    assert outcome.commands == []
    assert "--data force=true" in str(outcome.noop)
    assert "lease 3 s old" in str(outcome.noop)


@pytest.mark.parametrize(
    ("service", "seen", "force"),
    [
        (RUNS, WELL, True),
        (RUNS, view("Unknown"), False),
        (RUNS, view(age=15), False),
        (RUNS, view(age=-16), False),
        (RUNS, SILENT, False),
        (RUNS, GONE, False),
        (DEAD, WELL, False),
        (replace(RUNS, process="T"), WELL, False),
        (replace(RUNS, frozen=True), WELL, False),
    ],
    ids=["forced", "not Ready", "an old lease", "a lease to come", "the API is silent", "no Node", "down", "stopped",
         "frozen"],
)  # fmt: skip
def test_any_other_node_has_its_kubelet_restarted_and_is_watched(service, seen, force):
    outcome = restart(service, seen, BACK, force=force)
    (command,) = outcome.shell
    assert command.rstrip().endswith("systemctl restart kubelet.service")
    assert outcome.call() is True


def test_a_restart_forced_by_what_changed_before():
    assert restart(RUNS, WELL, force_if=lambda: False).noop
    assert restart(RUNS, WELL, force_if=lambda: True).shell


def test_containerd_comes_first_and_only_its_own_process_is_killed():
    host = node({Services: {CONTAINERD: replace(RUNS, answers=False), KUBELET: RUNS}})
    outcome = run(restart_containerd, host, control_plane=control_plane(WELL, BACK))
    first, second = outcome.shell
    assert first.rstrip().endswith("systemctl restart containerd.service")
    assert second.rstrip().endswith("systemctl restart kubelet.service")
    assert 'kill -KILL "$pid"' in first
    assert "systemctl kill" not in first
    assert outcome.call() is True


@pytest.mark.parametrize(
    ("service", "present", "absent"),
    [
        (DEAD, [], ["unmask", "enable", "daemon-reload", "thaw"]),
        (Service("masked", "inactive", "masked"), ["unmask --quiet kubelet", "enable --quiet"], ["thaw"]),
        (Service("loaded", "inactive", "disabled"), ["enable --quiet"], ["unmask"]),
        (replace(RUNS, frozen=True), ["systemctl thaw", "THAWED"], ["unmask"]),
        (replace(RUNS, needs_reload=True), ["daemon-reload"], ["enable"]),
    ],
    ids=["failed", "masked", "disabled", "frozen", "files changed"],
)
def test_only_what_is_in_the_way_is_cleared(service, present, absent):
    (script,) = restart(service, view("Unknown"), BACK).shell
    assert [words for words in present if words not in script] == []
    assert [words for words in absent if words in script] == []


def test_ready_is_believed_only_with_a_new_lease():
    """The API goes on saying Ready for 40 s after a kubelet has gone, and the old one may have renewed it last."""
    last = NodeView("True", NOW, True, asked=NOW)
    outcome = restart(RUNS, WELL, last, BACK, force=True)
    assert outcome.call() is True
    assert len(outcome.yielded[-1].args[0].asked) == 3


def test_a_kubelet_that_keeps_ending_is_given_up_with_its_last_words(caplog):
    restarts = [{KUBELET: Service("loaded", "activating", "enabled", restarts=count)} for count in (0, 0, 1, 2)]
    host = node({Services: Again(restarts)}, {"journalctl": ["unknown flag: --nope"]})
    outcome = run(restart_kubelet, host, control_plane=control_plane(view("Unknown")))
    assert outcome.call() is False
    assert "node1: its kubelet keeps ending" in caplog.text
    assert "unknown flag: --nope" in caplog.text
    assert "next: on node1: sudo journalctl -u kubelet -n 50" in caplog.text


def test_a_node_that_does_not_come_back_is_given_up(caplog, no_wait):
    assert restart(RUNS, view("Unknown")).call() is False
    assert "node1: not well after 9" in caplog.text
    assert no_wait.now < 100


@pytest.mark.parametrize("service", [None, Service("not-found", "inactive", "")])
def test_a_host_without_a_kubelet_is_refused(service):
    said = sh(restart(service).shell[0]).stderr.decode()
    assert said.startswith("node1: has no kubelet that systemd knows")
    assert "deploys/restore_node.py --limit node1" in said


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


def test_in_a_nested_operation_steps_get_the_host_itself():
    """pyinfra hands them its context object there, which made the context of the host endless."""
    got = []

    def steps(host):
        run_on(host, lambda: iter(()), what="nothing")
        got.append(host)

    there = node({})
    with context(there, None):
        assert attempt(steps)(None, pyinfra.host) is True
    assert got == [there]
    assert type(got[0]) is type(there)


@pytest.mark.parametrize("error", [EOFError(), OSError("reset")], ids=repr)
def test_a_host_that_is_lost_on_the_way_is_a_failure_in_words(error, caplog):
    def steps(host):
        raise error

    assert attempt(steps)(None, node({})) is False
    assert "lost on the way" in caplog.text
