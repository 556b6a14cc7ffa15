"""The wait for a healthy cluster ends with what is wrong, or with nothing."""

from __future__ import annotations

from dataclasses import replace

from kubestead.facts.health import ClusterHealth
from kubestead.health import ClusterState, Node, Workload
from kubestead.operations.health import healthy
from tests.operations.harness import Outcome, run
from tests.shell import sh

WELL = ClusterState(True, (Node("node1", "True"),), (Workload("DaemonSet", "cilium", 1, 1),))
ILL = ClusterState(True, (Node("node1", "False"),), (Workload("DaemonSet", "cilium", 1, 0),))


def look(*states: ClusterState, within: float = 60, executing: bool = True) -> Outcome:
    facts = {ClusterHealth: iter(states)}
    return run(healthy, facts, expected_nodes=["node1"], within_seconds=within, executing=executing)


def test_a_healthy_cluster_is_seen_at_once():
    assert look(WELL).noop == "healthy"


def test_a_cluster_that_becomes_healthy_is_waited_for():
    assert look(ILL, WELL).noop == "healthy"


def test_one_that_stays_ill_fails_with_every_finding():
    done = sh(look(ILL, within=0).shell[0])
    assert done.returncode == 1
    assert "node1: is not Ready (Ready=False)" in done.stderr.decode()
    assert "kube-system/cilium: 0 of 1 pods are ready" in done.stderr.decode()


def test_nothing_is_waited_for_while_it_is_only_planned():
    assert look(ClusterState(), executing=False).noop == "not healthy now"


def test_a_host_outside_of_this_run_is_expected_once_it_is_a_node():
    facts = {ClusterHealth: iter([WELL])}
    assert run(healthy, facts, expected_nodes=["node1"], within_seconds=0, others=["node2"]).noop == "healthy"
    joined = replace(WELL, nodes=(*WELL.nodes, Node("node2", "False")))
    facts = {ClusterHealth: iter([joined])}
    done = sh(run(healthy, facts, expected_nodes=["node1"], within_seconds=0, others=["node2"]).shell[0])
    assert "node2: is not Ready" in done.stderr.decode()
