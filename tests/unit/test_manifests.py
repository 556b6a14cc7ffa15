"""Which of kubestead's objects are not as they should be: read from what the API server remembers of its fields."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kubestead.manifests import Identity, applied, bare, differs, foreign, labelled

POOL: dict[str, Any] = {
    "apiVersion": "cilium.io/v2",
    "kind": "CiliumLoadBalancerIPPool",
    "metadata": {"name": "lan"},
    "spec": {"blocks": [{"start": "10.9.0.1", "stop": "10.9.0.9"}], "serviceSelector": {"matchLabels": {"a": "b"}}},
}
CLUSTER: dict[str, Any] = {
    "apiVersion": "cilium.io/v2",
    "kind": "CiliumBGPClusterConfig",
    "metadata": {"name": "lab"},
    "spec": {"bgpInstances": [{"name": "lab", "localASN": 1, "peers": [{"name": "tor", "peerASN": 2}]}]},
}
LABEL = {"f:labels": {"f:kubestead.dev/owner": {}}}
POOL_FIELDS = {"f:metadata": LABEL, "f:spec": {"f:blocks": {}, "f:serviceSelector": {}}}
PEER = {'k:{"name":"tor"}': {".": {}, "f:name": {}, "f:peerASN": {}}}
INSTANCE = {'k:{"name":"lab"}': {".": {}, "f:name": {}, "f:localASN": {}, "f:peers": PEER}}
CLUSTER_FIELDS = {"f:metadata": LABEL, "f:spec": {"f:bgpInstances": INSTANCE}}


def live(wanted: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """The object as the API gives it after it was applied: with defaults, a status, and who set what."""
    found = copy.deepcopy(wanted)
    found["spec"]["disabled"] = False
    found["status"] = {"conditions": [{"type": "x"}]}
    other = {"manager": "operator", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}}
    own = {"manager": "kubestead", "operation": "Apply", "fieldsV1": copy.deepcopy(fields)}
    found["metadata"] |= {"uid": "1", "resourceVersion": "7", "managedFields": [other, own]}
    return found


@pytest.fixture
def pool() -> dict[str, Any]:
    return live(labelled(POOL, "cilium"), POOL_FIELDS)


@pytest.fixture
def cluster() -> dict[str, Any]:
    found = live(labelled(CLUSTER, "cilium"), CLUSTER_FIELDS)
    found["spec"]["bgpInstances"][0]["peers"][0]["peerConfigRef"] = {"name": "by hand"}
    return found


def test_what_was_applied_is_as_it_should_be(pool, cluster):
    assert not differs(labelled(POOL, "cilium"), pool)
    assert not differs(labelled(CLUSTER, "cilium"), cluster)


def test_what_others_set_is_not_ours(cluster):
    assert applied(cluster)["spec"] == CLUSTER["spec"]


@pytest.mark.parametrize(
    "change",
    [
        lambda wanted: wanted["spec"]["blocks"][0].update(stop="10.9.0.8"),
        lambda wanted: wanted["spec"]["blocks"].append({"cidr": "10.10.0.0/28"}),
        lambda wanted: wanted["spec"].pop("serviceSelector"),
        lambda wanted: wanted["spec"].update(allowFirstLastIPs="No"),
        lambda wanted: wanted["metadata"].update(labels={"x": "y"}),
    ],
    ids=["another value", "one more", "wanted no longer", "new", "a label"],
)
def test_what_is_wanted_otherwise_differs(pool, change):
    wanted = copy.deepcopy(POOL)
    change(wanted)
    assert differs(labelled(wanted, "cilium"), pool)


def test_what_somebody_changed_differs(pool, cluster):
    pool["spec"]["blocks"][0]["stop"] = "10.9.0.5"
    assert differs(labelled(POOL, "cilium"), pool)
    del cluster["spec"]["bgpInstances"][0]["peers"]
    assert differs(labelled(CLUSTER, "cilium"), cluster)


def test_a_field_somebody_took_over_differs(pool):
    pool["metadata"]["managedFields"][1]["fieldsV1"]["f:spec"].pop("f:blocks")
    assert differs(labelled(POOL, "cilium"), pool)


def test_an_object_somebody_else_made_differs(pool):
    pool["metadata"]["managedFields"][1]["manager"] = "kubectl"
    assert applied(pool) == {}
    assert differs(labelled(POOL, "cilium"), pool)


@pytest.mark.parametrize(
    ("fields", "others"),
    [
        ({"f:spec": {"f:blocks": {}}}, False),  # the same was set by somebody else too
        ({"f:metadata": {"f:annotations": {}}}, False),
        ({"f:spec": {"f:disabled": {}}}, True),
        ({"f:spec": {"f:serviceSelector": {".": {}, "f:matchExpressions": {}}}}, True),
        ({"f:data": {}}, True),
    ],
)
def test_what_others_have_set_beside_ours(pool, fields, others):
    assert not foreign(pool)
    entry = {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": fields}
    pool["metadata"]["managedFields"].append(entry)
    assert foreign(pool) is others
    entry["subresource"] = "status"
    assert not foreign(pool)


def test_of_an_object_that_was_never_ours_all_is_others(pool):
    pool["metadata"]["managedFields"][1] |= {"manager": "kubectl-create", "operation": "Update"}
    assert foreign(pool)


def test_a_selector_that_is_emptied_differs(pool):
    wanted = copy.deepcopy(POOL)
    wanted["spec"]["serviceSelector"] = {}
    assert differs(labelled(wanted, "cilium"), pool)


def test_of_a_set_and_of_a_list_by_place_only_own_items_count():
    wanted = {**POOL, "spec": {"names": ["b"], "parts": [{"x": 1}]}}
    fields = {"f:metadata": LABEL, "f:spec": {"f:names": {'v:"b"': {}}, "f:parts": {"i:0": {"f:x": {}}}}}
    found = live(labelled(wanted, "cilium"), fields)
    found["spec"]["names"] = ["a", "b"]
    found["spec"]["parts"] = [{"x": 1, "y": 2}, {"x": 3}]
    assert not differs(labelled(wanted, "cilium"), found)
    found["spec"] = {"names": ["a"], "parts": []}
    assert applied(found)["spec"] == {"names": [], "parts": []}


def test_a_secrets_data_is_not_looked_at():
    wanted = labelled(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "data": {"a": "eA=="}}, "cilium"
    )
    fields = {"f:metadata": LABEL, "f:data": {"f:a": {}}}
    own = {"manager": "kubestead", "operation": "Apply", "fieldsV1": fields}
    metadata = {**wanted["metadata"], "managedFields": [own]}
    assert not differs(wanted, {"apiVersion": "v1", "kind": "Secret", "metadata": metadata})


def test_nulls_are_left_out_and_the_label_is_added():
    made = labelled({**POOL, "spec": {"a": None, "b": [{"c": None}]}}, "policies")
    assert made["spec"] == {"b": [{}]}
    assert made["metadata"]["labels"] == {"kubestead.dev/owner": "policies"}
    assert "labels" not in POOL["metadata"]


def test_objects_are_told_apart_by_group_kind_namespace_and_name():
    secret = Identity.of({"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "a", "name": "b"}})
    assert (secret, str(secret)) == (Identity("", "Secret", "a", "b"), "Secret a/b")
    assert str(Identity.of(POOL)) == "CiliumLoadBalancerIPPool lan"
    assert Identity.of({**POOL, "apiVersion": "cilium.io/v2alpha1"}) == Identity.of(POOL)
    assert bare(secret, "v1") == {"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "a", "name": "b"}}
