"""deploys/policies.py on fake hosts: what is planned and sent, and what is refused before anything is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from kubestead.cilium.policy import JUDGED, RESOURCES
from kubestead.manifests import OWNER
from kubestead.packing import packed
from tests.deploys.runner import Run, run

KINDS = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "CiliumCIDRGroup")
PORT = {"type": "object", "properties": {"port": {"type": "string"}, "fromEntities": {"type": "array"}}}
SCHEMA = {"type": "object", "properties": {
    "apiVersion": {}, "kind": {}, "metadata": {"type": "object"},
    "spec": {"type": "object", "properties": {
        "ingress": {"type": "array", "items": PORT}, "endpointSelector": {}, "nodeSelector": {},
    }},
}}  # fmt: skip


NODES = [
    {"metadata": {"name": name, "labels": labels}, "status": {"addresses": [{"address": address}]}}
    for name, address, labels in (
        ("k8s-cp", "192.168.1.187", {"node-role.kubernetes.io/control-plane": ""}),
        ("k8s-worker1", "192.168.1.61", {}),
    )
]
FIREWALL = {"enable-host-firewall": "true", "routing-mode": "tunnel"}


def policy(name: str, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "cilium.io/v2", "kind": KINDS[0], "metadata": metadata, "spec": spec}


def ours(one: dict[str, Any], valid: str = "True", message: str = "") -> dict[str, Any]:
    """As the cluster has it."""
    own = {"f:metadata": {"f:labels": {f"f:{OWNER}": {}}}, "f:spec": {f"f:{key}": {} for key in one["spec"]}}
    fields = [{"manager": "kubestead", "operation": "Apply", "fieldsV1": own}]
    metadata = {**one["metadata"], "labels": {OWNER: "policies.policies"}, "uid": "1", "managedFields": fields}
    conditions = [{"type": "Valid", "status": valid, "message": message}]
    return {**one, "metadata": metadata, "status": {"conditions": conditions}}


def lab(
    present: list[Any],
    wanted: list[Any],
    refused: str = "",
    judged: list[Any] | None = None,
    there: list[Any] = [],  # noqa: B006
    config: dict[str, str] | None = None,
) -> str:
    """A lab whose API server has ``present`` of ours and ``there`` of others', and says that ``wanted`` would be."""
    versions = [{"name": "v2", "served": True, "schema": {"openAPIV3Schema": SCHEMA}}]
    crds = [{"spec": {"names": {"kind": kind}, "versions": versions}} for kind in KINDS]
    told = {
        "crds": json.dumps({"items": crds}), "namespaces": "namespace/shop\n",
        "config": json.dumps({"data": config or {}}), "nodes": json.dumps({"items": NODES}),
    }  # fmt: skip
    said = [refused] if refused else [f"would-be\t{packed(json.dumps({'items': wanted}))}"]
    answers = {
        "say() { printf": "\n".join(f"{key}\t{packed(text)}" for key, text in told.items()),
        "SSH_CONNECTION": "192.168.1.1",
        "--dry-run=server": [f"there\t{packed(json.dumps({'items': there}))}", *said],
        # A fake host succeeds at whatever it is not told about, also at `false`.
        "so it is not enforced": {"success": False},
        # What Cilium says of its own kinds is asked as the last.
        f"kinds={','.join(RESOURCES[kind] for kind in JUDGED)} ": owned(wanted if judged is None else judged),
        "selector=": owned(present),
    }
    return f"bare_lab({ {'k8s-cp': answers}!r})"


def owned(items: list[Any]) -> list[str]:
    """The answer to OwnedObjects."""
    return [f"kinds\t{','.join(RESOURCES.values())}", *map(json.dumps, items), "answered"]


def go(folder: Path, *options: str, policies: list[Any], lab: str) -> Run:
    (folder / "policies").mkdir()
    for one in policies:
        (folder / "policies" / f"{one['metadata']['name']}.yaml").write_text(yaml.safe_dump(one))
    return run(folder, "policies", *options, lab=lab)


A, B, OLD = policy("a", ingress=[{}]), policy("b", ingress=[{}]), policy("old")


def test_what_differs_is_applied_what_is_not_written_removed_and_the_rest_left(tmp_path: Path) -> None:
    edited = policy("b", ingress=[])
    done = go(tmp_path, "-y", "-vv", policies=[A, B], lab=lab([ours(A), ours(edited), ours(OLD)], [ours(A), ours(B)]))
    assert done.returncode == 0, done.stderr
    assert {line["operation"]: line["changed"] for line in done.record} == {
        "CiliumNetworkPolicy shop/a": False,
        "CiliumNetworkPolicy shop/b": True,
        "CiliumNetworkPolicy shop/old is written nowhere any more": True,
        "Every policy is valid": False,
    }
    sent = (
        "--validate=strict --filename=- >",
        "--subresource=status",
        "delete --ignore-not-found",
        "selector=kubestead.dev/owner=policies.policies kinds=ciliumnetworkpolicies",
    )
    order = [done.sent(words)[-1][0] for words in sent]
    assert order == sorted(order)
    assert {host for host, _ in done.commands} == {"k8s-cp"}


def test_a_plan_lists_exactly_that_and_sends_nothing(tmp_path: Path) -> None:
    done = go(tmp_path, "--dry", "--json", policies=[A, B], lab=lab([ours(A), ours(OLD)], [ours(A), ours(B)]))
    assert done.returncode == 0, done.stderr
    assert done.plan == [
        "nobody                  Policies | CiliumNetworkPolicy shop/a",
        "k8s-cp                  Policies | CiliumNetworkPolicy shop/b",
        "k8s-cp                  Policies | CiliumNetworkPolicy shop/old is written nowhere any more",
        "nobody                  Policies | Every policy is valid",
    ]


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    done = go(tmp_path, "-y", policies=[A], lab=lab([ours(A)], [ours(A)]))
    assert done.returncode == 0, done.stderr
    assert [line["operation"] for line in done.record if line["changed"]] == []


def test_everything_wrong_is_said_at_once_and_nothing_is_sent(tmp_path: Path) -> None:
    wrong = [policy("a", ingress=[{"port": 80}]), policy("b", ingres=[]), {**A, "kind": "Policy"}]
    wrong[2] = {**wrong[2], "metadata": {"name": "c"}}
    done = go(tmp_path, "-y", "-vv", policies=wrong[:2], lab=lab([], []))
    assert done.returncode == 1
    assert "2 errors, nothing was changed" in done.stderr
    assert "policies/a.yaml:8\n" in done.stderr
    assert "error: spec.ingress.0.port = 80: must be text, in quotes" in done.stderr
    assert 'fix: write "80"' in done.stderr
    assert "policies/b.yaml:7\n" in done.stderr
    assert "error: spec.ingres: no such field" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.sent("--filename=- > /dev/null") == []


def test_a_policy_somebody_made_by_hand_is_not_taken_over(tmp_path: Path) -> None:
    done = go(tmp_path, "-y", "-vv", policies=[A, B], lab=lab([], [ours(A), ours(B)], there=[A]))
    assert done.returncode == 1
    assert "1 error, nothing was changed" in done.stderr
    assert "policies/a.yaml:4" in done.stderr
    assert "CiliumNetworkPolicy shop/a is in the cluster already and was not applied by kubestead" in done.stderr
    label = "kubectl label --namespace shop --overwrite ciliumnetworkpolicies.cilium.io a"
    assert f"{label} kubestead.dev/owner=policies.policies" in done.stderr
    assert done.sent("--filename=- > /dev/null") == []


def test_a_folder_that_cannot_be_read_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    done = go(tmp_path, "-y", "-vv", policies=[{**A, "kind": "Policy"}], lab=lab([], []))
    assert done.returncode == 1
    assert "kind = Policy: is no kind of policy" in done.stderr
    assert done.sent("kubectl") == []


def test_the_api_servers_own_refusal_stops_the_run(tmp_path: Path) -> None:
    words = 'The CiliumNetworkPolicy "a" is invalid: spec.x: Invalid value'
    done = go(tmp_path, "-y", "-vv", policies=[A], lab=lab([], [], refused=words))
    assert done.returncode == 1
    assert f"is refused by the API server: {words}" in done.stderr
    assert "policies/a.yaml" in done.stderr
    assert done.sent("--filename=- >") == []


def test_a_policy_cilium_refuses_fails_the_run(tmp_path: Path) -> None:
    judged = [ours(A, valid="False", message="unsupported entity: x")]
    done = go(tmp_path, "-y", "-vv", policies=[A], lab=lab([], [ours(A)], judged=judged))
    assert done.returncode == 1
    ((_, host),) = done.sent("policies/a.yaml:4: metadata.name: Cilium refuses it, so it is not enforced: unsupported")
    assert host == "k8s-cp"


def test_an_empty_folder_removes_nothing_by_mistake(tmp_path: Path) -> None:
    done = go(tmp_path, "-y", "-vv", policies=[], lab=lab([ours(OLD)], []))
    assert done.returncode == 1
    assert "holds no policy" in done.stderr
    assert "--data state=absent" in done.stderr
    assert done.sent("kubectl") == []


def test_a_set_can_be_removed_whole(tmp_path: Path) -> None:
    done = go(tmp_path, "-y", "-vv", "--data", "state=absent", policies=[A], lab=lab([ours(A), ours(OLD)], []))
    assert done.returncode == 0, done.stderr
    assert [line["operation"] for line in done.record if line["changed"]] == [
        "CiliumNetworkPolicy shop/a is written nowhere any more",
        "CiliumNetworkPolicy shop/old is written nowhere any more",
    ]


def test_without_the_control_plane_it_says_so(tmp_path: Path) -> None:
    done = go(tmp_path, "-y", "--limit", "workers", policies=[A], lab=lab([], []))
    assert done.returncode == 1
    assert "k8s-cp is no part of this run" in done.stderr


def on_nodes(*entities: str) -> dict[str, Any]:
    """A policy that lets these into every node, and nobody else."""
    one = policy("nodes", nodeSelector={}, ingress=[{"fromEntities": list(entities)}])
    return {**one, "kind": KINDS[1], "metadata": {"name": "nodes"}}


def test_a_policy_that_would_shut_the_run_itself_out_is_refused(tmp_path: Path) -> None:
    one = on_nodes("cluster")
    done = go(tmp_path, "-y", "-vv", policies=[one], lab=lab([], [one], config=FIREWALL))
    assert done.returncode == 1
    assert "would shut out SSH from 192.168.1.1, which this run comes from" in done.stderr
    assert "22/TCP of k8s-cp, k8s-worker1" in done.stderr
    assert "error: spec.nodeSelector: would shut out" in done.stderr
    assert done.sent("--filename=- > /dev/null") == []


def test_whoever_wants_it_all_the_same_is_warned(tmp_path: Path) -> None:
    one = on_nodes("cluster")
    given = lab([], [one], config=FIREWALL, judged=[])
    done = go(tmp_path, "-y", "-vv", "--data", "shut_out=true", policies=[one], lab=given)
    assert done.returncode == 0, done.stderr
    assert "warning: spec.nodeSelector" in done.stderr
    assert len(done.sent("--filename=- >")) == 1


def test_a_policy_on_nodes_that_nobody_would_enforce_is_refused(tmp_path: Path) -> None:
    one = on_nodes("all")
    done = go(tmp_path, "-y", policies=[one], lab=lab([], [one]))
    assert done.returncode == 1
    assert "selects nodes, and Cilium's host firewall is off" in done.stderr
    assert go_again(tmp_path, one).returncode == 0


def go_again(folder: Path, one: dict[str, Any]) -> Run:
    """In a cluster whose host firewall is on."""
    (folder / "on").mkdir()
    return go(folder / "on", "-y", policies=[one], lab=lab([], [one], config=FIREWALL, judged=[]))
