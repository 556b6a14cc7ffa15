"""Cases of the policy a reader should know."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kubestead.diagnose import LADDER, Cause, Diagnosis, Remedy
from kubestead.recovery.attempts import Attempt, Handed, Outcome
from kubestead.recovery.etcd import against, members_of, quorum
from kubestead.recovery.guards import allowed
from kubestead.recovery.history import MOST_ATTEMPTS, History
from kubestead.recovery.policy import decide
from kubestead.recovery.settings import Settings
from kubestead.recovery.verify import missing
from kubestead.recovery.world import Apply, Diagnose, HandOver, Hold, Look, NodeState, Recovered, World

LIMITS = Settings()
NOW = 1e6


def look(node, cause=Cause.KUBELET_STOPPED, age=0.0, count=1, same=1):
    return Look(Diagnosis(node, cause, ("seen",), LADDER[cause], "look"), age, count, same)


def well(name, **values):
    return NodeState(name, **{"lease_age": 3, "healthy_for": 100, **values})


def ill(name, cause=Cause.KUBELET_STOPPED, lease_age=16.0, **values):
    same = 3 if lease_age > 60 else 1
    return NodeState(name, **{"lease_age": lease_age, "look": look(name, cause, same=same, count=same), **values})


CP, W1, W2 = well("cp", control_plane=True), well("w1"), well("w2")


def only(nodes, history=None, **world):
    decisions = decide(World(tuple(nodes), **world), history or History(), NOW, LIMITS)
    assert len(decisions) <= 1
    return decisions[0] if decisions else None


def test_one_missed_beat_is_no_reason():
    for age in (9.9, 10.4, 11.9):
        assert only([CP, W1, well("w2", lease_age=age)]) is None


def test_a_late_lease_is_looked_at_before_it_may_be_touched():
    assert only([CP, W1, well("w2", lease_age=12.5)]) == Diagnose("w2")
    assert only([CP, W1, well("w2", lease_age=14.9, look=look("w2"))]) is None
    assert isinstance(only([CP, W1, well("w2", lease_age=15, look=look("w2"))]), Apply)


def test_a_kubelet_that_just_restarted_is_given_time():
    assert only([CP, W1, NodeState("w2", ready=False, not_ready_for=10, lease_age=2)]) is None


def test_an_old_look_is_no_ground():
    assert only([CP, W1, ill("w2", look=look("w2", age=31))]) == Diagnose("w2")


def test_a_new_node_is_left_to_whoever_builds_it():
    assert only([CP, W1, ill("w2", young=True)]) is None


def test_a_node_that_vanished_is_one_when_it_was_known():
    gone = {"present": False, "missing_for": 20.0, "lease_age": 0.0}
    assert only([CP, W1, NodeState("w2", **gone)]) == Diagnose("w2")
    assert only([CP, W1, NodeState("w2", known=False, **gone)]) is None


def test_both_workers_kubelets_are_started_one_after_the_other():
    decisions = decide(World((CP, ill("w1"), ill("w2"))), History(), NOW, LIMITS)
    assert [type(one) for one in decisions] == [Apply, Hold]
    assert decisions[0].remedy is Remedy.RESTART_KUBELET
    assert decisions[1].guard == "storm"
    at_work = ill("w1", busy="applying", remedy=Remedy.RESTART_KUBELET)
    assert only([CP, at_work, ill("w2")]).guard == "storm"
    watched = well("w1", busy="verifying", remedy=Remedy.RESTART_KUBELET)
    assert isinstance(only([CP, watched, ill("w2")]), Apply), "the restart is over"
    assert only([CP, replace(watched, remedy=Remedy.REBOOT), ill("w2")]).guard == "parallel"


def test_nothing_heavier_in_a_storm():
    nodes = [CP, ill("w1", Cause.KUBELET_BAD_CONFIG), ill("w2", Cause.KUBELET_BAD_CONFIG)]
    assert {one.guard for one in decide(World(tuple(nodes)), History(), NOW, LIMITS)} == {"storm"}


def test_a_reboot_waits_for_a_second_look_and_a_minute():
    ladder = {"cause": Cause.KUBELET_FROZEN}
    tried = failed(Remedy.RESTART_KUBELET)
    assert only([CP, W1, ill("w2", **ladder)], tried).guard == "confirm"
    assert only([CP, W1, ill("w2", lease_age=61.0, **ladder)], tried).remedy is Remedy.REBOOT


def failed(*remedies, node="w2", climb=NOW - 100):
    history = History()
    for remedy in remedies:
        history = history.began(Attempt(node, climb, "x", remedy, climb, "w")).ended(node, Outcome.FAILED, NOW - 50)
    return history


def test_the_only_control_plane_is_never_rebooted():
    plane = ill("cp", Cause.KUBELET_FROZEN, lease_age=100.0, control_plane=True)
    decision = only([plane, W1, W2], failed(Remedy.RESTART_KUBELET, node="cp"))
    assert isinstance(decision, HandOver)
    assert "without cp etcd has no quorum" in decision.why


def test_one_of_three_control_planes_may_be_while_the_others_are_well():
    planes = [well("cp1", control_plane=True), well("cp2", control_plane=True)]
    third = ill("cp3", Cause.KUBELET_FROZEN, lease_age=100.0, control_plane=True)
    workers = [well(f"w{number}") for number in range(5)]
    tried = failed(Remedy.RESTART_KUBELET, node="cp3")
    etcd = {"cp1": True, "cp2": True, "cp3": False}
    assert only([*planes, third, *workers], tried, etcd=etcd).remedy is Remedy.REBOOT
    for members in (None, {}, {**etcd, "cp2": False}, {"cp1": True, "cp3": False}, {**etcd, "cp4": False}):
        held = only([*planes, third, *workers], tried, etcd=members)
        assert (held.guard, held.remedy) == ("control-plane", Remedy.REBOOT)
    worse = ill("cp2", control_plane=True, look=None)
    guarded = decide(World((planes[0], worse, third, *workers), etcd=etcd), tried, NOW, LIMITS)
    assert Hold in [type(one) for one in guarded]


def test_power_is_left_out_where_the_site_has_no_commands():
    off = ill("w2", Cause.HOST_OFF, lease_age=100.0)
    assert "no power commands" in only([CP, W1, off]).why
    assert only([CP, W1, replace(off, has_power=True)]).remedy is Remedy.POWER_CYCLE


def test_what_failed_is_not_repeated_and_the_end_of_the_ladder_is_a_person():
    assert only([CP, W1, ill("w2")], failed(Remedy.RESTART_KUBELET)).remedy is Remedy.RESTORE_NODE
    every = failed(*LADDER[Cause.KUBELET_STOPPED])
    decision = only([CP, W1, ill("w2", lease_age=100.0)], every)
    assert decision.why.startswith("tried, and not enough: restart_kubelet")
    told = every.handed_over("w2", Handed(NOW, "kubelet-stopped", decision.why))
    assert isinstance(only([CP, W1, ill("w2", lease_age=100.0)], told), Hold), "back-off"


def test_a_remedy_cut_short_may_be_run_once_more():
    history = History().began(Attempt("w2", NOW - 50, "x", Remedy.RESTART_KUBELET, NOW - 50, "gone")).interrupted(NOW)
    assert only([CP, W1, ill("w2")], history).remedy is Remedy.RESTART_KUBELET
    again = history.began(Attempt("w2", NOW - 50, "x", Remedy.RESTART_KUBELET, NOW - 20, "gone")).interrupted(NOW)
    assert only([CP, W1, ill("w2")], again).remedy is Remedy.RESTORE_NODE


def test_after_a_recovery_there_is_a_pause_that_doubles_and_a_budget():
    history = History()
    for number, wait in enumerate((LIMITS.cool_down, 2 * LIMITS.cool_down), 1):
        start = NOW - 1000 * (3 - number)
        history = history.began(Attempt("w2", start, "x", Remedy.RESTART_KUBELET, start, "w"))
        history = history.ended("w2", Outcome.RECOVERED, start + 10)
        for after, kind in ((wait - 1, Hold), (wait + 1, Apply)):
            decisions = decide(World((CP, W1, ill("w2"))), history, start + 10 + after, LIMITS)
            assert [type(one) for one in decisions] == [kind]
    history = history.began(Attempt("w2", NOW - 500, "x", Remedy.RESTART_KUBELET, NOW - 500, "w"))
    history = history.ended("w2", Outcome.RECOVERED, NOW - 490)
    assert "3 climbs within 6 h" in only([CP, W1, ill("w2")], history).why
    later = decide(World((CP, W1, ill("w2"))), history, NOW + LIMITS.budget_window, LIMITS)
    assert isinstance(later[0], Apply)


def test_a_person_is_not_told_twice_and_is_told_of_the_end():
    handed = History(handed={"w2": Handed(NOW, "disk-read-only", "no remedy fits disk-read-only")})
    assert only([CP, W1, ill("w2", Cause.DISK_READ_ONLY, lease_age=100.0)], handed) is None
    assert only([CP, W1, W2], handed) == Recovered("w2")
    assert only([CP, W1, well("w2", healthy_for=5)], handed) is None


def test_not_knowing_is_looked_at_thrice():
    unknown = ill("w2", Cause.UNKNOWN, lease_age=100.0)
    assert isinstance(only([CP, W1, unknown]), HandOver)
    assert only([CP, W1, replace(unknown, look=look("w2", Cause.UNKNOWN, same=2, count=2))]) is None


@pytest.mark.parametrize(
    ("count", "share", "most"), [(1, 0.4, 1), (3, 0.4, 1), (5, 0.4, 2), (100, 0.29, 29), (3, 0, 1)]
)
def test_the_share(count, share, most):
    assert allowed(count, share) == most


def test_quorum():
    assert [quorum(count) for count in (1, 2, 3, 4, 5)] == [1, 2, 2, 3, 3]


def test_a_member_whose_pod_nobody_sees_counts_all_the_same():
    assert against({"a": True, "b": True, "c": True}, "c") is None
    assert against({"a": True, "b": True}, "c", planes=5) == "2 other etcd members are ready, its majority is 3 of 5"
    pods = [pod("etcd-a", True, True), pod("other", True, True)]
    pods[0]["metadata"]["labels"], pods[0]["spec"]["nodeName"] = {"component": "etcd"}, "a"
    assert members_of(pods) == {"a": True}


def test_the_history_is_bounded_and_refuses_what_it_does_not_know():
    history = History()
    for number in range(MOST_ATTEMPTS + 50):
        history = history.began(Attempt(f"n{number}", NOW + number, "x", Remedy.REBOOT, NOW + number, "w"))
    assert len(history.attempts) == MOST_ATTEMPTS
    assert len(history.to_json()) < 1_000_000
    for text in ("", "[]", "{}", '{"version": 2}', '{"version": 1, "attempts": [{}]}'):
        with pytest.raises(ValueError):
            History.from_json(text)


def pod(name, ready, containers_ready, **values):
    return {
        "metadata": {"name": name, "namespace": "x", "labels": {}},
        "spec": {},
        "status": {
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [{"ready": containers_ready}],
        },
        **values,
    }


def test_a_pod_that_fails_by_itself_holds_nothing_up_but_one_without_its_endpoints_does():
    agent = pod("cilium-a", True, True)
    agent["metadata"]["labels"] = {"k8s-app": "cilium"}
    kubelet = Remedy.RESTART_KUBELET
    assert missing(kubelet, "b", "b", True, [agent, pod("crashing", False, False)]) == []
    assert missing(kubelet, "b", "b", True, [agent, pod("lost", False, True)]) == ["pod x/lost"]
    assert missing(kubelet, "b", "b", True, []) == ["a ready Cilium agent"]
    assert missing(Remedy.REBOOT, "b", "b", True, [agent]) == ["a new boot id"]
    assert missing(Remedy.REBOOT, "b", "c", True, [agent]) == []
