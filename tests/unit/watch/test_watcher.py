"""The whole watcher on a fake API, its deploys a stand-in that does as the test says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from watchlab import FAST

from kubestead.diagnose import Remedy
from kubestead.recovery.attempts import Attempt, Outcome
from kubestead.recovery.history import History


def test_a_stopped_kubelet_is_diagnosed_restarted_and_verified(settled, until):
    settled.fails("worker1")
    until(settled.ran)
    settled.heals("worker1")
    until(lambda: settled.audit("recovered"))
    assert settled.ran() == ["restart_kubelet worker1"]
    told = [line["decision"] for line in settled.audit() if line.get("node") == "worker1"]
    assert told == ["diagnosed", "apply", "back", "ended", "recovered"]
    [ended] = settled.audit("ended")
    assert ended.items() >= {"cause": "kubelet-stopped", "remedy": "restart_kubelet", "outcome": "recovered"}.items()
    [attempt] = settled.history().attempts
    assert (attempt.node, attempt.outcome) == ("worker1", Outcome.RECOVERED)
    assert settled.history().open == {}
    reasons = until(lambda: len(found := [e["reason"] for e in settled.fake.objects["events"].values()]) >= 5 and found)
    assert reasons[:2] == ["RecoveryDiagnosed", "RecoveryStarted"]


def test_a_node_that_came_back_by_itself_while_it_was_looked_at_is_left_alone(settled, until):
    (settled.folder / "hang-diagnose").touch()
    settled.fails("worker1")
    until((settled.folder / "ran").exists)
    settled.heals("worker1")
    until(lambda: settled.parts.seen.node("worker1")[1] < FAST.look_after)
    (settled.folder / "hang-diagnose").unlink()
    until(lambda: settled.audit("diagnosed"))
    settled.fails("worker2")
    until(settled.ran)
    assert settled.ran() == ["restart_kubelet worker2"]


def test_a_remedy_that_did_not_help_is_followed_by_the_next_and_then_by_a_person(settled, until):
    for name in ("restart_kubelet", "restore_node"):
        (settled.folder / f"code-{name}").write_text("1")
    settled.fails("worker1")
    [line] = until(lambda: settled.audit("hand-over"))
    assert settled.ran() == ["restart_kubelet worker1", "restore_node worker1"]
    assert line["why"] == "tried, and not enough: restart_kubelet, restore_node"
    assert line["advice"] == "look"
    assert [line["outcome"] for line in settled.audit("ended")] == ["failed", "failed"]
    settled.heals("worker1")
    until(lambda: settled.audit("recovered"))
    assert settled.history().handed == {}


def test_a_remedy_that_could_not_be_started_may_be_tried_again(settled, until):
    (settled.folder / "code-restart_kubelet").write_text("127")
    settled.fails("worker1")
    until(lambda: settled.audit("ended"))
    (settled.folder / "code-restart_kubelet").unlink()
    until(lambda: len(settled.ran("restart_kubelet")) == 2)
    assert settled.audit("ended")[0]["outcome"] == "interrupted"


@pytest.mark.parametrize("where", ["node", "cluster"])
def test_a_pause_is_respected(settled, until, where):
    paused = {"kubestead.dev/recovery": "paused"}
    if where == "node":
        settled.fake.node("worker1", annotations=paused)
    else:
        settled.fake.put("namespaces", {"metadata": {"name": "kube-system", "annotations": paused}})
    settled.fails("worker1")
    [line] = until(lambda: settled.audit("hold"))
    assert line["guard"] == "pause"
    assert not settled.ran()


def test_a_cordoned_node_is_its_owners(settled, until):
    settled.fake.node("worker1", cordoned=True)
    settled.fails("worker1")
    [line] = until(lambda: settled.audit("hold"))
    assert line["guard"] == "cordoned"
    assert not settled.ran()


def test_both_workers_at_once_get_their_services_restarted_one_at_a_time(settled, until):
    for node in ("worker1", "worker2"):
        settled.fails(node)
    first = until(settled.ran)[0].split()[1]
    settled.heals(first)
    until(lambda: len(settled.ran()) == 2)
    settled.heals("worker2" if first == "worker1" else "worker1")
    until(lambda: len(settled.audit("recovered")) == 2)


def test_in_a_storm_nothing_heavier_is_done_and_a_person_is_told(settled, until):
    for node in ("worker1", "worker2"):
        settled.fails(node, "kubelet-bad-config", "restore_node rejoin")
    lines = until(lambda: len(found := settled.audit("hold")) == 2 and found)
    assert {line["guard"] for line in lines} == {"storm"}
    assert not settled.ran()


def test_a_dry_run_tells_and_touches_nothing(lab, until):
    lab.watcher(dry_run=True)
    until(lambda: len(lab.lines) > 0)
    lab.fails("worker1")
    [line] = until(lambda: lab.audit("would-apply"))
    assert line["remedy"] == "restart_kubelet"
    assert not lab.ran()
    assert not lab.fake.objects["configmaps"]
    assert not lab.fake.objects["events"]
    assert {command for command, _, _ in lab.fake.seen} == {"GET"}


def test_what_another_watcher_left_half_done_is_told_and_not_repeated_blindly(lab, until):
    attempt = Attempt("worker1", 1e9, "kubelet-crashing", Remedy.REBOOT, 1e9, "another")
    known = History(nodes=frozenset({"cp", "worker1", "worker2"})).began(attempt)
    lab.fake.put("configmaps", {"metadata": {"name": "kubestead-recovery"}, "data": {"history.json": known.to_json()}})
    lab.watcher()
    [line] = until(lambda: lab.audit("interrupted"))
    assert line.items() >= {"node": "worker1", "remedy": "reboot"}.items()
    until(lambda: lab.audit("recovered"))
    assert lab.history().attempts[0].outcome is Outcome.INTERRUPTED
    assert lab.history().open == {}
    assert not lab.ran()


def test_a_restarted_watcher_does_not_repeat_what_was_just_done_in_vain(lab, until):
    (lab.folder / "code-restart_kubelet").write_text("1")
    (lab.folder / "hang-restore_node").touch()
    watcher, parts = lab.watcher()
    until(lambda: len(lab.history().nodes) == 3)
    lab.fails("worker1")
    until(lambda: lab.ran("restore_node"))
    watcher.stop()
    until(lambda: not parts.jobs.any())
    (lab.folder / "hang-restore_node").unlink()
    lab.watcher(name="second")
    until(lambda: len(lab.ran("restore_node")) == 2)
    assert len(lab.ran("restart_kubelet")) == 1
    assert lab.audit("interrupted", "second")


def test_losing_the_lease_stops_a_remedy_at_once(lab, until):
    (lab.folder / "hang-restart_kubelet").touch()
    _, parts = lab.watcher()
    until(lambda: len(lab.history().nodes) == 3)
    lab.fails("worker1")
    until(lab.ran)
    lease = lab.fake.objects["leases"]["kubestead-recovery"]
    lease["spec"]["holderIdentity"] = "another"
    lab.fake.put("leases", lease)
    [ended] = until(lambda: lab.audit("ended"))
    assert ended["outcome"] == "interrupted"
    assert not parts.election.leads()
    assert lab.history().attempts[0].outcome is Outcome.RUNNING, "the new leader writes it down"


def test_a_node_whose_pods_did_not_come_back_is_not_recovered(settled, until, monkeypatch):
    settled.fake.agent("worker1", ready="False")
    settled.fails("worker1")
    until(settled.ran)
    settled.heals("worker1")
    until(lambda: settled.audit("back"))
    settled.fake.agent("worker1")
    until(lambda: settled.audit("recovered"))


def test_a_reboot_counts_only_with_a_new_boot_id(settled, until):
    settled.fails("worker1", "kubelet-frozen", "reboot")
    until(lambda: settled.ran("reboot"))
    settled.heals("worker1")
    until(lambda: settled.audit("back"))
    assert not settled.audit("ended")
    settled.heals("worker1", boot="boot-2")
    until(lambda: settled.audit("recovered"))


def test_power_is_cycled_by_the_sites_commands_and_proven(lab, until):
    state = lab.folder / "power"
    state.write_text("on")
    power = {"worker1": {"status": f"cat {state}", "off": f"echo off > {state}", "on": f"echo on > {state}"}}
    lab.watcher(power=power)
    until(lambda: len(lab.history().nodes) == 3)
    lab.fails("worker1", "host-off", "power_cycle out_of_service")
    until(lambda: lab.audit("apply"))
    lab.heals("worker1", boot="boot-2")
    until(lambda: lab.audit("recovered"))
    assert state.read_text().strip() == "on"


def test_a_watcher_that_is_stopped_between_off_and_on_switches_on_first(lab, until):
    state, may_be_on = lab.folder / "power", lab.folder / "may-be-on"
    state.write_text("on")
    on = f"while [ ! -e {may_be_on} ]; do sleep 0.05; done; echo on > {state}"
    watcher, parts = lab.watcher(power={"worker1": {"status": f"cat {state}", "off": f"echo off > {state}", "on": on}})
    until(lambda: len(lab.history().nodes) == 3)
    lab.fails("worker1", "host-off", "power_cycle")
    until(lambda: state.read_text() == "off\n")
    watcher.stop()
    with pytest.raises(AssertionError, match="it did not come"):
        until(lambda: lab.audit("stopped"), seconds=1)
    assert parts.election.leads(), "nobody else may begin with this host"
    may_be_on.touch()
    until(lambda: lab.audit("stopped"))
    assert state.read_text() == "on\n"


def test_pods_are_let_go_only_while_the_power_is_proven_off(lab, until):
    state = lab.folder / "power"
    state.write_text("off")
    lab.watcher(power={"worker1": {"status": f"cat {state}", "off": "true", "on": "true"}})
    until(lambda: len(lab.history().nodes) == 3)
    lab.fails("worker1", "host-off", "out_of_service")
    [line] = until(lambda: lab.audit("ended"))
    assert line["outcome"] == "done"
    taints = lab.fake.objects["nodes"]["worker1"]["spec"]["taints"]
    assert [taint["key"] for taint in taints] == ["node.kubernetes.io/out-of-service"]
    until(lambda: lab.audit("hand-over"))


def test_a_cordon_an_interrupted_reboot_left_is_lifted_and_a_persons_is_not(lab, until):
    marked = {"kubestead.dev/cordoned-for": "reboot by another"}
    lab.fake.node("worker1", cordoned=True, annotations=marked)
    lab.fake.node("worker2", cordoned=True)
    attempt = Attempt("worker1", 1e9, "kubelet-crashing", Remedy.REBOOT, 1e9, "another")
    known = History(nodes=frozenset({"cp", "worker1", "worker2"})).began(attempt)
    lab.fake.put("configmaps", {"metadata": {"name": "kubestead-recovery"}, "data": {"history.json": known.to_json()}})
    lab.watcher()
    until(lambda: "unschedulable" not in lab.fake.objects["nodes"]["worker1"]["spec"])
    assert marked.keys().isdisjoint(lab.fake.objects["nodes"]["worker1"]["metadata"]["annotations"])
    assert lab.fake.objects["nodes"]["worker2"]["spec"]["unschedulable"]


def test_what_a_remedy_left_is_taken_back_whatever_came_after_it(lab, until):
    """The reboot failed and left its cordon; another remedy brought the node back."""
    lab.fake.node("worker1", cordoned=True, annotations={"kubestead.dev/cordoned-for": "reboot by another"})
    known = History(nodes=frozenset({"cp", "worker1", "worker2"}))
    for remedy, outcome in ((Remedy.REBOOT, Outcome.FAILED), (Remedy.RESTORE_NODE, Outcome.RECOVERED)):
        known = known.began(Attempt("worker1", 1e9, "x", remedy, 1e9, "another")).ended("worker1", outcome, 1e9)
    lab.fake.put("configmaps", {"metadata": {"name": "kubestead-recovery"}, "data": {"history.json": known.to_json()}})
    lab.watcher()
    until(lambda: "unschedulable" not in lab.fake.objects["nodes"]["worker1"]["spec"])


def test_a_taint_is_taken_back_however_long_the_node_was_off(lab, until):
    long_ago = Attempt("worker1", 1e9, "host-off", Remedy.OUT_OF_SERVICE, 1e9, "another")
    known = History(nodes=frozenset({"cp", "worker1", "worker2"})).began(long_ago).ended("worker1", Outcome.DONE, 1e9)
    known = known.began(Attempt("worker2", 2e9, "x", Remedy.REBOOT, 2e9, "another")).ended("worker2", Outcome.DONE, 2e9)
    assert not known.of("worker1"), "what is older than a week is not kept"
    lab.fake.put("configmaps", {"metadata": {"name": "kubestead-recovery"}, "data": {"history.json": known.to_json()}})
    for name in ("worker1", "worker2"):
        lab.fake.node(name)
        node = {**lab.fake.objects["nodes"][name]}
        node["spec"] = {"taints": [{"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}]}
        lab.fake.put("nodes", node)
    lab.watcher()
    until(lambda: lab.history().tainted == set())
    assert not lab.fake.objects["nodes"]["worker1"]["spec"]["taints"]
    assert lab.fake.objects["nodes"]["worker2"]["spec"]["taints"], "a person's"


@pytest.mark.parametrize("how", ["cordoned", "paused"])
def test_a_node_that_a_person_took_out_stays_out_after_a_restart(lab, until, how):
    """Drained (or paused) and deleted, and still in the inventory: nobody joins it again."""
    watcher, _ = lab.watcher()
    until(lambda: len(lab.history().nodes) == 3)
    paused = {"kubestead.dev/recovery": "paused"} if how == "paused" else None
    lab.fake.node("worker1", cordoned=how == "cordoned", annotations=paused)
    until(lambda: lab.history().apart == {"worker1"})
    lab.fails("worker1", "node-deleted", "restart_kubelet rejoin")
    lab.fake.delete("nodes", "worker1")
    watcher.stop()
    until(lambda: lab.audit("stopped"))
    _, parts = lab.watcher(name="second")
    [line] = until(lambda: lab.audit("hold", "second"))
    assert (line["node"], line["guard"]) == ("worker1", "cordoned")
    assert not lab.ran()
    lab.heals("worker1")
    until(lambda: parts.seen.node("worker1")[0].present)
    until(lambda: lab.history().apart == set())


@pytest.mark.parametrize("mark", ["reboot", "rejoin", "reboot by a_stranger"])
def test_a_remedy_that_a_person_runs_is_theirs(lab, until, mark):
    """Even where a watcher's own remedy on that node ended badly, days ago."""
    lab.fake.node("worker1", cordoned=True, annotations={"kubestead.dev/cordoned-for": mark})
    old = Attempt("worker1", 1e9, "kubelet-crashing", Remedy.REBOOT, 1e9, "another")
    known = History(nodes=frozenset({"cp", "worker1", "worker2"})).began(old).ended("worker1", Outcome.FAILED, 1e9)
    lab.fake.put("configmaps", {"metadata": {"name": "kubestead-recovery"}, "data": {"history.json": known.to_json()}})
    lab.watcher()
    until(lambda: lab.audit("recovered"))
    assert lab.fake.objects["nodes"]["worker1"]["spec"]["unschedulable"]
    lab.fails("worker1")
    [line] = until(lambda: lab.audit("hold"))
    assert line["guard"] == "cordoned"
    assert not lab.ran()


def test_a_remedy_is_told_whose_it_is(settled, until):
    settled.fails("worker1")
    until(settled.ran)
    assert (settled.folder / "data-restart_kubelet").read_text() == f"watcher={settled.parts.name}"


def test_the_budget_ends_a_fault_that_returns(lab, until):
    lab.watcher(settings=replace(FAST, budget=2, cool_down=0.1))
    until(lambda: len(lab.history().nodes) == 3)
    for times in (1, 2):
        lab.fails("worker1")
        until(lambda times=times: len(lab.ran()) == times)
        lab.heals("worker1")
        until(lambda times=times: len(lab.audit("recovered")) == times)
    lab.fails("worker1")
    [line] = until(lambda: lab.audit("hand-over"))
    assert "2 climbs" in line["why"]
    assert len(lab.ran()) == 2


def test_once_ends_when_every_node_is_judged(lab, until):
    lab.watcher(once=True)
    until(lambda: lab.audit("stopped"))
    assert not lab.ran()
