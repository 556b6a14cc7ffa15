"""Objects are applied where they differ and deleted where they are wanted no longer; what is another's stays."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from pyinfra.api import OperationError

from kubestead.facts.objects import ObjectTrial, OwnedObjects
from kubestead.manifests import labelled
from kubestead.objectset import Owned, Trial
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


def owned(*items: dict[str, Any], held: tuple[str, ...] = ("kube-system/password",)) -> Owned:
    return Owned(EVERY, tuple(map(live, items)), held)


def tried(*items: dict[str, Any], there: tuple[dict[str, Any], ...] = ()) -> Trial:
    """What the API server would make of them: as they are given."""
    return Trial(there, tuple(labelled(one, "cilium") for one in items))


def outcome(
    wanted: list[dict[str, Any]], present: Owned | None, trial: Trial | None = None, executing: bool = True, **more: Any
) -> Outcome:
    facts = {OwnedObjects: present, ObjectTrial: trial or tried(*wanted)}
    return run(objects, facts, executing=executing, objects=wanted, kinds=KINDS, owner="cilium", **more)


def stdin(done: Outcome, place: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(done.yielded[place].connector_arguments["_stdin"])["items"]
    return items


def test_objects_that_are_there_are_left_and_nothing_more_is_asked():
    done = outcome([SECRET, pool("lan")], owned(SECRET, pool("lan")))
    assert (done.commands, done.noop) == ([], "2 objects are as they should be")
    assert [fact for fact, _ in done.host.asked] == [OwnedObjects]


def test_what_differs_is_applied_alone_by_standard_input():
    edited = pool("other")
    edited["spec"] = {"disabled": True}
    done = outcome([pool("lan"), pool("other")], owned(pool("lan"), edited))
    assert done.shell == [
        "kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=20s apply --server-side --force-conflicts "
        "--field-manager=kubestead --validate=strict --filename=- > /dev/null"
    ]
    assert stdin(done, 0) == [labelled(pool("other"), "cilium")]


def test_a_secret_of_other_content_is_applied_and_is_on_no_command_line():
    done = outcome([SECRET], owned(SECRET, held=()))
    assert [item["data"] for item in stdin(done, 0)] == [SECRET["data"]]
    assert "c3dvcmRmaXNo" not in "".join(done.shell)


def test_secrets_are_compared_by_standard_input_and_not_tried():
    given: list[dict[str, Any]] = []

    class Listens(Host):
        def get_fact(self, fact: type, *args: Any, **kwargs: Any) -> Any:
            given.append(kwargs)
            return super().get_fact(fact, *args, **kwargs)

    host = Listens({OwnedObjects: Owned(EVERY), ObjectTrial: tried(pool("lan"))})
    run(objects, host, objects=[SECRET, pool("lan")], kinds=KINDS, owner="cilium")
    assert given[0] == {
        "owner": "cilium", "kinds": EVERY, "compare": True,
        "_stdin": ['kube-system/password\t{"password":"c3dvcmRmaXNo"}'],
    }  # fmt: skip
    others, secrets = given[1]["_stdin"]
    assert json.loads(others)["items"] == [labelled(pool("lan"), "cilium")]
    assert json.loads(secrets)["items"] == [{key: SECRET[key] for key in ("apiVersion", "kind", "metadata")}]
    assert "c3dvcmRmaXNo" not in f"{given}"


def test_what_is_wanted_no_longer_is_deleted_the_last_kind_first():
    done = outcome([pool("lan")], owned(SECRET, pool("lan"), pool("old")))
    (command,) = done.shell
    assert "delete --ignore-not-found" in command
    assert [(item["kind"], item["metadata"]["name"]) for item in stdin(done, 0)] == [
        ("CiliumLoadBalancerIPPool", "old"),
        ("Secret", "password"),
    ]


def test_a_kind_that_is_kept_is_not_deleted():
    done = outcome([], owned(pool("green", "CiliumPodIPPool")), keep=("CiliumPodIPPool",))
    assert (done.commands, done.noop) == ([], "0 objects are as they should be")


def test_a_crd_that_is_not_there_yet_is_waited_for_and_kubernetes_own_kinds_are_not():
    policy = {**pool("deny", "NetworkPolicy"), "apiVersion": "networking.k8s.io/v1"}
    wait, apply = outcome([SECRET, policy, pool("lan")], Owned(("secrets",)), Trial()).shell
    assert "wait --for=condition=Established --timeout=10s crd/ciliumloadbalancerippools.cilium.io >" in wait
    assert "networkpolicies" not in wait
    assert "apply" in apply


def test_before_there_is_a_cluster_everything_is_to_come():
    done = outcome([SECRET, pool("lan")], None)
    assert len(done.shell) == 2
    assert [item["kind"] for item in stdin(done, 1)] == ["Secret", "CiliumLoadBalancerIPPool"]
    assert [fact for fact, _ in done.host.asked] == [OwnedObjects]


def test_what_was_made_by_hand_is_not_taken_over_and_nothing_else_is_applied():
    trial = tried(pool("lan"), pool("other"), there=(pool("lan"),))
    done = outcome([pool("lan"), pool("other")], owned(), trial)
    (refused,) = done.shell
    assert "node1: CiliumLoadBalancerIPPool lan is in the cluster already and" in refused
    assert "kubectl label --overwrite ciliumloadbalancerippools.cilium.io lan kubestead.dev/owner=cilium" in refused
    assert "kubectl apply" not in refused
    with pytest.raises(OperationError, match="rename yours"):
        outcome([pool("lan")], owned(), trial, executing=False)


def test_what_its_maker_made_for_us_is_taken_over():
    made = pool("green", "CiliumPodIPPool")
    made["metadata"]["managedFields"] = [{"manager": "cilium-operator-generic"}]
    trial = tried(pool("green", "CiliumPodIPPool"), there=(made,))
    done = outcome([pool("green", "CiliumPodIPPool")], owned(), trial, makers={"CiliumPodIPPool": "cilium-operator"})
    assert [item["metadata"]["name"] for item in stdin(done, 0)] == ["green"]


@pytest.mark.parametrize("words", [("The pool is invalid: spec",), ()], ids=["refused", "silent"])
def test_what_the_api_server_refuses_is_not_applied(words: tuple[str, ...]):
    done = outcome([pool("lan")], owned(), Trial(refused=words))
    (refused,) = done.shell
    assert f"node1: refused by the API server: {words[0] if words else 'no answer to its dry run'}" in refused
