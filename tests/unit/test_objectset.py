"""What of an owner's objects differs, goes, or has its name taken by somebody else's."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kubestead.manifests import OWNER, Identity, labelled
from kubestead.objectset import Change, Owned, Trial, changes, in_doubt, in_the_way

KINDS = {
    "Secret": "secrets",
    "CiliumPodIPPool": "ciliumpodippools.cilium.io",
    "NetworkPolicy": "networkpolicies.k8s.io",
}
SECRET: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "password", "namespace": "kube-system"},
    "data": {"password": "c3dvcmRmaXNo"},
}


def pool(name: str, kind: str = "CiliumPodIPPool", **spec: Any) -> dict[str, Any]:
    return labelled(
        {"apiVersion": "x/v1", "kind": kind, "metadata": {"name": name}, "spec": spec or {"a": 1}}, "cilium"
    )


def live(wanted: dict[str, Any], manager: str = "kubestead", **more: Any) -> dict[str, Any]:
    """As the API gives it: with what is ours in it, and what is not (``more`` of the spec)."""
    found = copy.deepcopy(wanted)
    spec = {f"f:{key}": {} for key in found.get("spec", {})}
    found |= {"spec": {**found.get("spec", {}), **more}} if spec else {}
    found.pop("data", None)
    fields = {"f:metadata": {"f:labels": {f"f:{OWNER}": {}}}, **({"f:spec": spec} if spec else {"f:data": {}})}
    found["metadata"]["managedFields"] = [{"manager": manager, "operation": "Apply", "fieldsV1": fields}]
    return found


def test_what_is_as_it_should_be_is_not_in_doubt():
    secret = labelled(SECRET, "cilium")
    owned = Owned(tuple(KINDS.values()), (live(pool("a"), other=2), live(secret)), ("kube-system/password",))
    assert in_doubt([pool("a"), secret], owned) == []
    assert in_doubt([pool("a"), pool("b"), secret], Owned(objects=owned.objects)) == [pool("b"), secret]


def test_what_the_api_server_leaves_as_it_is_is_no_change():
    """It filled something into a list that is ours as a whole: in doubt at each run, and never applied."""
    wanted, filled = pool("a", ports=[{"port": 1}]), pool("a", ports=[{"port": 1, "protocol": "TCP"}])
    owned = Owned(objects=(live(filled),))
    assert in_doubt([wanted], owned) == [wanted]
    assert changes([wanted], owned, Trial(objects=(live(filled),))) == []
    other = pool("a", ports=[{"port": 2, "protocol": "TCP"}])
    assert changes([wanted], owned, Trial(objects=(other,))) == [
        Change(Identity.of(wanted), live(filled), other, wanted)
    ]


def test_what_others_have_set_goes_only_where_the_whole_object_is_ours():
    wanted = pool("a")
    edited = live(wanted, more=2)
    edited["metadata"]["managedFields"].append(
        {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:spec": {"f:more": {}}}}
    )
    owned, trial = Owned(objects=(edited,)), Trial(objects=(edited,))
    assert in_doubt([wanted], owned) == changes([wanted], owned, trial) == []
    assert in_doubt([wanted], owned, whole=True) == [wanted]
    assert changes([wanted], owned, trial, whole=True) == [
        Change(Identity.of(wanted), edited, wanted, wanted, whole=True)
    ]


def test_what_the_api_server_cannot_be_asked_about_is_applied_as_it_is_wanted():
    assert changes([pool("a")], Owned(), Trial()) == [Change(Identity.of(pool("a")), None, pool("a"), pool("a"))]


def test_a_secret_of_other_data_is_a_change():
    secret = labelled(SECRET, "cilium")
    (change,) = changes([secret], Owned(objects=(live(secret),)), Trial())
    assert (change.before, change.wanted) == (live(secret), secret)


def test_what_is_wanted_no_longer_goes_the_last_kind_first_and_what_is_kept_does_not():
    owned = Owned(objects=tuple(live(pool(kind, kind)) for kind in KINDS))
    found = changes([], owned, Trial(), keep=("CiliumPodIPPool",), kinds=KINDS)
    assert [str(change) for change in found] == ["NetworkPolicy NetworkPolicy", "Secret Secret"]
    assert all(change.after is None for change in found)


def others(item: dict[str, Any], owner: str | None, *managers: str) -> list[str]:
    """What is said where ``item`` is there already, and whose it is."""
    found = copy.deepcopy(item)
    found["metadata"]["labels"] = {OWNER: owner} if owner else None
    found["metadata"]["managedFields"] = [{"manager": manager} for manager in managers]
    made = in_the_way(Trial(there=(found,)), "cilium", KINDS, lambda one: f"x: {one.name}", {"CiliumPodIPPool": "cil"})
    return [str(finding) for finding in made]


@pytest.mark.parametrize(
    ("owner", "whose"), [(None, "was not applied by kubestead"), ("policies.x", "belongs to policies.x")]
)
def test_what_is_somebody_elses_is_in_the_way(owner, whose):
    assert others(SECRET, owner) == [
        f"x: password: Secret kube-system/password is in the cluster already and {whose}; rename yours, or hand "
        f"that one over: kubectl label --namespace kube-system --overwrite secrets password {OWNER}=cilium"
    ]
    assert others(SECRET, "cilium") == []


def test_what_was_made_for_us_is_not_in_the_way():
    assert others(pool("a"), None, "kubectl-edit", "cilium-operator-generic") == []
    (said,) = others(pool("a"), None, "kubectl-edit")
    assert "kubectl label --overwrite ciliumpodippools.cilium.io a" in said


def test_what_was_made_for_us_is_what_changes():
    made = {**pool("a"), "metadata": {"name": "a"}}
    (change,) = changes([pool("a")], Owned(), Trial(there=(made,), objects=(pool("a"),)))
    assert change.before == made
