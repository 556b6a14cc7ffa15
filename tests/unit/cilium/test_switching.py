"""What is said before a switch, and what stands against it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kubestead.cilium.change import changes
from kubestead.cilium.release import Release, minor, parse
from kubestead.cilium.rollout import AgentPod, Rollout
from kubestead.cilium.switching import Plan, impossible, told
from kubestead.phases.cilium import cilium_values
from kubestead.spec import ClusterSpec
from tests.fixtures.catalog import catalog

NODES = ("k8s-cp", "k8s-worker1", "k8s-worker2")
AGENTS = Rollout(
    tuple(AgentPod(f"cilium-{node}", node, node, ready=True, newest=True) for node in NODES), ("k8s-cp",), True, True
)


def plan(there=True, release=None, one_by_one=False, **choices):
    spec = ClusterSpec(**choices)
    values = cilium_values(spec, catalog(), nodes=3)
    runs = cilium_values(ClusterSpec(), catalog(), nodes=3)
    release = release or Release(3, "deployed", "1.18.4", runs, {1: "1.18.4", 2: "1.18.4", 3: "1.18.4"})
    return Plan(spec, release, AGENTS, values, changes(release.values, values), there, one_by_one=one_by_one)


def lines(*args, **kwargs):
    return list(told(plan(*args, **kwargs)))


def test_nothing_to_do_is_one_line():
    assert lines() == ["--> Cilium: nothing changes"]


def test_a_small_change_goes_node_by_node_control_planes_last():
    assert lines(hubble_metrics=["dns"]) == [
        "--> Cilium: agents restart; traffic goes on, new pods and policies wait a moment",
        "    hubble_metrics: hubble.metrics.enabled: none -> ['dns']: agents restart; traffic goes on, new pods and "
        "policies wait a moment: read by the agent as it starts; flows of before are forgotten "
        "(docs observability/hubble)",
        "    Order: the operator, then the agents of k8s-worker1, then k8s-worker2, then k8s-cp",
        "    Should a node not come back: all of it back to Helm revision 3, by itself",
    ]


@pytest.mark.parametrize(("one_by_one", "order"), [(False, "k8s-worker1, k8s-worker2, k8s-cp, all at once"),
                                                   (True, "k8s-worker1, then k8s-worker2, then k8s-cp")])  # fmt: skip
def test_nodes_that_cannot_talk_to_each_other_are_switched_at_once(one_by_one, order):
    said = lines(cilium_routing="native", one_by_one=one_by_one)
    assert said[0] == "--> Cilium: traffic is lost for a moment"
    assert any(line.startswith(f"    Order: the operator, then the agents of {order}") for line in said)
    assert any("do not reach each other's pods" in line for line in said) is not one_by_one


@pytest.mark.parametrize(("there", "wanted", "words"), [(True, "replace", "taken away"), (False, "keep", "comes back")])
def test_kube_proxy_comes_and_goes(there, wanted, words):
    made = plan(there, kube_proxy=wanted)
    assert [words in line for line in told(made) if "    kube-proxy: " in line] == [True]


def test_a_switch_that_was_begun_goes_on_and_back_to_what_was_good():
    begun = plan(hubble=False)
    begun = replace(begun, release=replace(begun.release, good=2))
    said = list(told(begun))
    assert "    A switch was begun and not ended: it goes on. Agents of an older configuration: none" in said
    assert said[-1].endswith("back to Helm revision 2, by itself")


def test_a_switch_that_was_begun_between_kinds_that_cannot_talk_goes_on_together_even_back():
    """The spec says again what ran before: nothing changes from there, and half the nodes have the other kind."""
    back = replace(plan(), release=replace(plan().release, good=2, apart=True))
    assert (back.found, back.apart, back.together) == ((), True, True)


def test_kube_proxy_that_a_killed_run_brought_is_taken_away_again():
    without = plan(kube_proxy="replace").values
    release = replace(plan().release, values=without)
    assert plan(there=False, release=release).brings_kube_proxy
    assert not plan(release=release).brings_kube_proxy, "it was there before"
    assert plan(release=replace(release, good=2)).brings_kube_proxy
    assert not plan(release=replace(plan().release, good=2)).brings_kube_proxy
    assert not plan(there=False, kube_proxy="replace").brings_kube_proxy


def test_a_secret_is_not_shown():
    found = changes({"tls": {"ca": {"key": "old-secret"}}}, {"tls": {"ca": {"key": "new-secret"}}})
    text = "\n".join(told(replace(plan(), found=found)))
    assert "tls.ca.key" in text
    assert "secret" not in text


def test_many_changes_are_counted():
    said = list(told(replace(plan(), found=changes({}, {f"x{number}": 1 for number in range(25)}))))
    assert "    and 5 more values" in said


def findings(made, places=None):
    return list(impossible(made, places or {}))


def test_what_no_running_cluster_can_take_is_refused():
    (finding,) = findings(plan(pod_cidr_mask_size=25))
    assert finding.where == "group_data/all.py: pod_cidr_mask_size"
    assert finding.fix == "write: pod_cidr_mask_size = 24, or build another cluster with it"
    assert "clusterPoolIPv4MaskSize" in finding.reason
    (finding,) = findings(plan(cilium_extra_values={"identityAllocationMode": "kvstore"}))
    assert finding.where == "Cilium: identityAllocationMode"
    assert finding.fix == "leave it at None, or build another cluster with it"


def test_a_pool_that_cannot_change_is_refused_by_its_key():
    multi = {"cilium_ipam": "multi-pool", "kube_proxy": "replace", "cilium_masquerade": "bpf"}
    runs = plan(cilium_pools=[{"name": "green", "cidrs": ["10.9.0.0/16"]}], **multi).values
    made = plan(release=replace(plan().release, values=runs), **multi)
    (finding, *_) = findings(made)
    assert finding.where == "group_data/all.py: cilium_pools"


def test_an_upgrade_to_the_next_minor_names_what_was_installed_first():
    before = plan().release
    older = replace(before, chart_version="1.17.9", revisions={1: "1.16.3", 3: "1.17.9"})
    (finding,) = findings(plan(release=older))
    assert finding.where == "group_data/all.py: cilium_extra_values.upgradeCompatibility"
    assert finding.fix == 'write: cilium_extra_values = {"upgradeCompatibility": "1.16"}'
    assert findings(plan(release=older, cilium_extra_values={"upgradeCompatibility": "1.16"})) == []
    patch = replace(before, chart_version="1.18.1")
    assert findings(plan(release=patch)) == []
    assert any("An upgrade from 1.18.1 to 1.18.4" in line for line in told(plan(release=patch)))


def test_a_revision_that_helm_forgot_is_no_way_back():
    made = plan()
    (finding,) = findings(replace(made, release=replace(made.release, good=9)))
    assert "no longer has revision 9" in finding.reason


def test_the_release_is_read():
    assert parse([]) is None
    assert parse(["[]"]) is None
    found = parse(['[{"revision": 4, "status": "failed", "chart": "cilium-1.18.4"}]', "null"])
    assert found == Release(4, "failed", "1.18.4", {}, {4: "1.18.4"})
    assert (found.back_to, found.first_minor) == (4, "1.18")
    assert minor("1.18.4") == "1.18"
    assert replace(found, values={"upgradeCompatibility": "1.15"}).first_minor == "1.15"
