"""What may differ from node to node."""

from ipaddress import IPv4Address

import pytest

from kubestead.errors import InvalidInput
from kubestead.spec import NodeSpec, Taint


def test_a_node_is_read_out_of_all_the_hosts_data():
    node = NodeSpec.load(
        {"node_address": "192.0.2.1", "labels": {"a.example/b": "c"}, "taints": ["a=b:NoSchedule"], "hubble": 3}
    )
    assert node.node_address == IPv4Address("192.0.2.1")
    assert node.labels == {"a.example/b": "c"}
    assert node.taints == (Taint(key="a", value="b", effect="NoSchedule"),)


def test_nothing_given_is_nothing():
    assert NodeSpec.load({}) == NodeSpec(node_address=None, labels={}, taints=())


@pytest.mark.parametrize("text", ["a=b:NoSchedule", "example.org/a:NoExecute"])
def test_a_taint_is_written_as_it_was_read(text):
    assert str(NodeSpec.load({"taints": [text]}).taints[0]) == text


@pytest.mark.parametrize(
    ("key", "value", "where", "reason"),
    [
        ("labels", {"a b": "c"}, "labels.a b", "not a Kubernetes label key"),
        ("labels", {"UPPER.example/x": "c"}, "labels.UPPER.example/x", "not a Kubernetes label key"),
        ("labels", {"a" * 64: "c"}, f"labels.{'a' * 64}", "not a Kubernetes label key"),
        ("labels", {"a": "-"}, "labels.a", "not a Kubernetes label value"),
        ("labels", {"a": True}, "labels.a", "text, in quotes"),
        ("taints", ["a=b:Bad"], "taints.0", "is not a taint"),
        ("taints", ["a"], "taints.0", "is not a taint"),
        ("taints", ["-=b:NoExecute"], "taints.0.key", "not a Kubernetes label key"),
        ("taints", "a=b:NoSchedule", "taints", "must be a list"),
        ("node_address", "k8s-cp", "node_address", "not an IPv4 address"),
        ("node_address", 3232235777, "node_address", "not an IPv4 address"),
    ],
)
def test_a_wrong_value_is_refused(key, value, where, reason):
    with pytest.raises(InvalidInput) as error:
        NodeSpec.load({key: value}, "k8s-worker1")
    (finding,) = error.value.findings
    assert finding.where == f"k8s-worker1: {where}"
    assert reason in finding.reason
    assert finding.fix
