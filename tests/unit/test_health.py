"""What keeps a cluster from being healthy."""

from dataclasses import replace

import pytest

from kubestead.health import ClusterState, Node, Pod, Workload, findings, missing

WELL = ClusterState(
    answers=True,
    nodes=(Node("cp", "True"), Node("w1", "True"), Node("extra", "True")),
    workloads=(Workload("DaemonSet", "cilium", 3, 3), Workload("Deployment", "coredns", 2, 2)),
    pods=(Pod("etcd-cp", "cp", "Running", True), Pod("coredns-7c", "w1", "Running", False)),
)
NODES = ["cp", "w1"]


def where(state, nodes=NODES):
    return [finding.where for finding in findings(state, nodes)]


def test_a_healthy_cluster_has_no_findings():
    assert where(WELL) == []


def test_an_api_that_does_not_answer_is_all_there_is_to_say():
    (finding,) = findings(ClusterState(), NODES)
    assert finding.reason == "the API does not answer"


@pytest.mark.parametrize(("ready", "told"), [("False", "False"), ("Unknown", "Unknown"), (None, "not reported")])
def test_a_node_that_is_not_ready(ready, told):
    (finding,) = findings(replace(WELL, nodes=(Node("cp", "True"), Node("w1", ready))), NODES)
    assert (finding.where, finding.reason) == ("w1", f"is not Ready (Ready={told})")
    assert "describe node w1" in finding.fix


def test_a_node_that_is_missing():
    (finding,) = findings(WELL, [*NODES, "w2"])
    assert (finding.where, finding.reason) == ("w2", "is not in the cluster")


@pytest.mark.parametrize(
    ("workloads", "found"),
    [
        ((Workload("DaemonSet", "cilium", 3, 2),), ["kube-system/cilium"]),
        ((Workload("DaemonSet", "cilium", 3, 3), Workload("Deployment", "coredns", 2, 0)), ["kube-system/coredns"]),
        ((Workload("DaemonSet", "cilium", 0, 0),), ["kube-system/cilium"]),
        ((Workload("Deployment", "coredns", 2, 2),), ["kube-system/cilium"]),
        ((Workload("DaemonSet", "cilium", 3, 3), Workload("Deployment", "x", 0, 0)), []),
    ],
    ids=["too few agents", "too few replicas", "an agent on no node", "no Cilium", "scaled to none"],
)
def test_workloads(workloads, found):
    assert where(replace(WELL, workloads=workloads)) == found


def test_a_static_pod_that_is_not_ready_is_found_and_others_are_their_workloads():
    pods = (Pod("etcd-cp", "cp", "Pending", False), Pod("x-w1", None, "Pending", False))
    assert where(replace(WELL, pods=pods)) == ["kube-system/etcd-cp"]


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (ClusterState(), "the API does not answer"),
        (replace(WELL, nodes=(Node("cp", "True"),)), "Ready: w1"),
        (
            replace(WELL, nodes=(), workloads=(Workload("DaemonSet", "cilium", 3, 1),)),
            "Ready: cp, w1; cilium 1/3",
        ),
        (replace(WELL, pods=(Pod("etcd-cp", "cp", "Pending", False),)), "static pods"),
    ],
)
def test_what_is_missing_on_one_line(state, line):
    assert missing(state, NODES) == line


@pytest.mark.parametrize(
    ("workload", "found"),
    [
        (Workload("DaemonSet", "cilium", 3, 2), []),
        (Workload("DaemonSet", "cilium", 3, 1), ["kube-system/cilium"]),
        (Workload("Deployment", "coredns", 2, 1), []),
        (Workload("Deployment", "coredns", 1, 0), ["kube-system/coredns"]),
    ],
    ids=["its pod is away", "another's too", "a replica was there", "the only one was there"],
)
def test_what_an_absent_node_keeps_is_not_waited_for(workload, found):
    state = replace(WELL, workloads=(Workload("DaemonSet", "cilium", 3, 3), workload))
    assert [finding.where for finding in findings(state, ["cp"], absent=["w1"])] == found
    assert missing(state, ["cp"], absent=["w1"]) == (
        f"{workload.name} {workload.ready}/{workload.wanted}" if found else "static pods"
    )
    assert findings(state, ["cp"], absent=["never joined"]) != []


def test_a_static_pod_of_an_absent_node_is_not_waited_for():
    state = replace(WELL, pods=(Pod("kube-proxy-w1", "w1", "Running", False),))
    assert (len(findings(state, ["cp"])), findings(state, ["cp"], absent=["w1"])) == (1, [])
