"""Nodes get the labels and taints that are missing, and keep what others gave them."""

from __future__ import annotations

from kubestead.facts.nodemarks import Marks, NodeMarks
from kubestead.operations.nodes import marked
from kubestead.spec import NodeSpec
from tests.operations.harness import Outcome, run

WANTED = NodeSpec.load({"labels": {"zone": "a", "disk": "fast"}, "taints": ["dedicated=db:NoSchedule"]})


def outcome(present: Marks) -> Outcome:
    return run(marked, {NodeMarks: {"k8s-worker1": present}}, nodes={"k8s-worker1": WANTED})


def test_a_node_that_carries_everything_is_left():
    done = outcome(Marks({"zone": "a", "disk": "fast", "other": "b"}, ("dedicated=db:NoSchedule",)))
    assert (done.commands, done.noop) == ([], "every node carries its labels and taints")


def test_only_what_is_missing_or_differs_is_set():
    done = outcome(Marks({"zone": "b", "disk": "fast"}, ("dedicated=web:NoSchedule",)))
    kubectl = "kubectl --kubeconfig /etc/kubernetes/admin.conf"
    assert done.commands == [
        f"{kubectl} label node k8s-worker1 zone=a --overwrite",
        f"{kubectl} taint node k8s-worker1 dedicated=db:NoSchedule --overwrite",
    ]
