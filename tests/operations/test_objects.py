"""Objects are applied where they differ and deleted where they are wanted no longer; what is another's stays."""

from __future__ import annotations

import copy
import json
from typing import Any

from kubestead.facts.objects import Owned, OwnedObjects, SecretHolds
from kubestead.manifests import labelled
from kubestead.operations.objects import objects
from tests.operations.harness import Host, Outcome, run

KINDS = {
    "Secret": "secrets",
    "CiliumPodIPPool": "ciliumpodippools.cilium.io",
    "CiliumLoadBalancerIPPool": "ciliumloadbalancerippools.cilium.io",
    "NetworkPolicy": "networkpolicies.networking.k8s.io",
}
EVERY = tuple(KINDS.values())
SECRET: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "password", "namespace": "kube-system"},
    "data": {"password": "c3dvcmRmaXNo"},
}
LABELS = {"f:labels": {"f:kubestead.dev/owner": {}}}


def pool(name: str, kind: str = "CiliumLoadBalancerIPPool") -> dict[str, Any]:
    return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": {"name": name}, "spec": {"disabled": False}}


def live(manifest: dict[str, Any]) -> dict[str, Any]:
    found = copy.deepcopy(labelled(manifest, "cilium"))
    data = found.pop("data", None)
    fields = {"f:metadata": LABELS, **({"f:data": {}} if data else {"f:spec": {"f:disabled": {}}})}
    found["metadata"]["managedFields"] = [{"manager": "kubestead", "operation": "Apply", "fieldsV1": fields}]
    return found


def outcome(wanted: list[dict[str, Any]], present: Owned | None, secret: bool = True, **more: Any) -> Outcome:
    facts = {OwnedObjects: present, SecretHolds: secret}
    return run(objects, facts, objects=wanted, kinds=KINDS, owner="cilium", **more)


def stdin(done: Outcome, place: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(done.yielded[place].connector_arguments["_stdin"])["items"]
    return items


def test_objects_that_are_there_are_left():
    done = outcome([SECRET, pool("lan")], Owned(EVERY, (live(SECRET), live(pool("lan")))))
    assert (done.commands, done.noop) == ([], "2 objects are as they should be")


def test_what_differs_is_applied_alone_by_standard_input():
    changed = live(pool("other"))
    changed["spec"]["disabled"] = True
    done = outcome([pool("lan"), pool("other")], Owned(EVERY, (live(pool("lan")), changed)))
    assert done.shell == [
        "kubectl --kubeconfig /etc/kubernetes/admin.conf apply --server-side --force-conflicts "
        "--field-manager=kubestead --filename=- > /dev/null"
    ]
    assert stdin(done, 0) == [labelled(pool("other"), "cilium")]


def test_a_secret_of_other_content_is_applied_and_is_on_no_command_line():
    done = outcome([SECRET], Owned(EVERY, (live(SECRET),)), secret=False)
    assert [item["data"] for item in stdin(done, 0)] == [SECRET["data"]]
    assert "c3dvcmRmaXNo" not in "".join(done.shell)


def test_a_secret_is_compared_by_standard_input():
    given: list[dict[str, Any]] = []

    class Listens(Host):
        def get_fact(self, fact: type, *args: Any, **kwargs: Any) -> Any:
            given.append(kwargs)
            return super().get_fact(fact, *args, **kwargs)

    host = Listens({OwnedObjects: Owned(EVERY, (live(SECRET),)), SecretHolds: True})
    run(objects, host, objects=[SECRET], kinds=KINDS, owner="cilium")
    assert given[1] == {
        "namespace": "kube-system", "secret": "password", "_stdin": ['{"password":"c3dvcmRmaXNo"}'],
    }  # fmt: skip
    assert "c3dvcmRmaXNo" not in f"{given[1]}"


def test_what_is_wanted_no_longer_is_deleted_the_last_kind_first():
    present = Owned(EVERY, (live(SECRET), live(pool("lan")), live(pool("old"))))
    done = outcome([pool("lan")], present)
    (command,) = done.shell
    assert "delete --ignore-not-found" in command
    assert [(item["kind"], item["metadata"]["name"]) for item in stdin(done, 0)] == [
        ("CiliumLoadBalancerIPPool", "old"),
        ("Secret", "password"),
    ]


def test_a_kind_that_is_kept_is_not_deleted():
    done = outcome([], Owned(EVERY, (live(pool("green", "CiliumPodIPPool")),)), keep=("CiliumPodIPPool",))
    assert (done.commands, done.noop) == ([], "0 objects are as they should be")


def test_a_crd_that_is_not_there_yet_is_waited_for_and_kubernetes_own_kinds_are_not():
    policy = {**pool("deny", "NetworkPolicy"), "apiVersion": "networking.k8s.io/v1"}
    wait, apply = outcome([SECRET, policy, pool("lan")], Owned(("secrets",))).shell
    assert "wait --for=condition=Established --timeout=10s crd/ciliumloadbalancerippools.cilium.io >" in wait
    assert "networkpolicies" not in wait
    assert "apply" in apply


def test_before_there_is_a_cluster_everything_is_to_come():
    done = outcome([SECRET, pool("lan")], None, secret=False)
    assert len(done.shell) == 2
    assert [item["kind"] for item in stdin(done, 1)] == ["Secret", "CiliumLoadBalancerIPPool"]
