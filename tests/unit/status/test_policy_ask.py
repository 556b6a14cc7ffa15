"""Whom ``kubestead policy why`` asks about each end; the API and the agents are stand-ins, their answers recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException
from typer.testing import CliRunner

from kubestead.cilium.policywhy import ALLOWED, DENIED
from kubestead.cli.main import app
from kubestead.errors import KubesteadError
from kubestead.status import policyask

RECORDED = json.loads((Path(__file__).parents[1] / "cilium" / "recorded.json").read_text())
NODES = {"k8s-worker1": "192.168.1.61", "k8s-worker2": "192.168.1.62"}
PODS = ("shop/frontend", "shop/backend")


class Api:
    """What the API has: two pods on two nodes, their endpoints, agents."""

    def __init__(self, configuration: object = None) -> None:
        self.objects: dict[str, Any] = {
            policyask.SYSTEM: {"items": [
                {"metadata": {"name": f"cilium-{node}"}, "spec": {"nodeName": node}} for node in NODES
            ]},
            **{f"/api/v1/nodes/{node}": {"status": {"addresses": [{"type": "InternalIP", "address": address}]}}
               for node, address in NODES.items()},
        }  # fmt: skip
        for number, (name, node) in enumerate(zip(PODS, NODES, strict=True)):
            namespace, _, own = name.partition("/")
            identity = RECORDED["pods"][name]["endpoint"]["status"]["identity"]
            self.objects[f"/api/v1/namespaces/{namespace}/pods/{own}"] = {"spec": {"nodeName": node}}
            status = {"id": number, "identity": identity}
            self.objects[f"/apis/cilium.io/v2/namespaces/{namespace}/ciliumendpoints/{own}"] = {"status": status}
        self.objects["/api/v1/namespaces/kube-system/pods/proxy"] = {
            "spec": {"nodeName": "k8s-worker2", "hostNetwork": True}, "status": {"hostIP": "192.168.1.62"},
        }  # fmt: skip

    def get(self, path: str, **query: str) -> Any:
        if path not in self.objects:
            raise ApiException(status=404, reason="Not Found")
        return self.objects[path]


def agent(configuration: object, namespace: str, pod: str, container: str, argv: list[str]) -> str:
    """The agent of a node: of an endpoint what was recorded, of addresses and names what stands here."""
    script = argv[-1]
    if "endpoint get" in script:
        name = PODS[int(script.split("endpoint get ")[1].split()[0])]
        own = RECORDED["pods"][name]
        said = RECORDED["agents"][own["agent"]]
        rules = {"policy": json.dumps(said["rules"]), "revision": 1}
        return "---- kubestead\n".join(
            map(json.dumps, ([own["endpoint"]], own["policy_map"], said["selectors"], rules))
        )
    if "ipcache get" in script:
        address = script.split("ipcache get ")[1].split()[0]
        identity = {"198.51.100.10": 16777222, "192.168.1.62": 7}.get(address)
        return f"{address} maps to identity identity={identity} flags=<none>\n" if identity else "does not map\n"
    if "fqdn cache" in script:
        return json.dumps([{"fqdn": "api.partner.example.", "ips": ["198.51.100.10"]}])
    assert "identity get" in script
    identity = script.split("identity get ")[1].split()[0]
    return json.dumps([{"id": int(identity), "labels": RECORDED["identities"].get(identity, ["reserved:world"])}])


@pytest.fixture
def asker(monkeypatch: pytest.MonkeyPatch) -> Callable[[], policyask.Asker]:
    monkeypatch.setattr(policyask, "read_kubeconfig", lambda path: None)
    monkeypatch.setattr(policyask, "Api", Api)
    monkeypatch.setattr(policyask, "pod_exec", agent)
    return lambda: policyask.Asker(Path("kubeconfig"))


Make = Callable[[], policyask.Asker]


def test_both_ends_are_asked(asker: Make) -> None:
    found = asker().why("shop/frontend", "shop/backend", "tcp", 8080)
    assert found.verdict == ALLOWED
    assert [side.direction for side in found.sides] == ["egress", "ingress"]
    assert asker().why("shop/backend", "shop/frontend", "tcp", 9001).verdict == DENIED


@pytest.mark.parametrize(
    ("target", "identity", "verdict"),
    [
        ("198.51.100.10", 16777222, ALLOWED),
        ("203.0.113.1", 2, DENIED),
        ("world", 2, DENIED),
        ("api.partner.example", 16777222, ALLOWED),
        ("k8s-worker2", 7, DENIED),
        ("kube-system/proxy", 7, DENIED),
    ],
)
def test_an_end_outside_has_the_identity_the_pods_agent_gives_it(
    asker: Make, target: str, identity: int, verdict: str
) -> None:
    found = asker().why("shop/backend", target, "tcp", 8080)
    assert (found.target.identity, found.verdict) == (identity, verdict)
    assert [side.direction for side in found.sides] == ["egress"]


def test_an_end_outside_may_be_the_source(asker: Make) -> None:
    found = asker().why("world", "shop/frontend", "tcp", 8080)
    assert [(side.direction, side.verdict) for side in found.sides] == [("ingress", ALLOWED)]


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        (("shop/nobody", "shop/backend"), "there is no pod shop/nobody"),
        (("world", "198.51.100.10"), "none of the two is a pod with a policy of its own; name one as namespace/pod"),
        (("world", "kube-system/proxy"), "none of the two is a pod with a policy of its own"),
        (("shop/backend", "k8s-worker9"), "k8s-worker9 is no node and no address"),
        (("shop/backend", "other.example"), "other.example: the agent of shop/backend has not seen the pod ask for it"),
        (("api.partner.example", "shop/backend"), "api.partner.example is no node and no address"),
    ],
)
def test_what_cannot_be_answered_is_said(asker: Make, ends: tuple[str, str], said: str) -> None:
    with pytest.raises(KubesteadError, match=said):
        asker().why(*ends, "tcp", 8080)


def test_a_pod_without_an_endpoint_or_agent(asker: Make) -> None:
    one = asker()
    one._api.objects["/apis/cilium.io/v2/namespaces/shop/ciliumendpoints/backend"] = {"status": {}}  # type: ignore[attr-defined]
    with pytest.raises(KubesteadError, match="shop/backend has no identity yet"):
        one.why("shop/frontend", "shop/backend", "tcp", 1)
    one = asker()
    one._api.objects[policyask.SYSTEM] = {"items": []}  # type: ignore[attr-defined]
    with pytest.raises(KubesteadError, match="no Cilium agent on k8s-worker1"):
        one.why("shop/frontend", "shop/backend", "tcp", 1)


def test_an_answer_of_another_form_is_no_traceback(asker: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        policyask,
        "pod_exec",
        lambda *arguments: '[{}]---- kubestead[{"a": 1}]---- kubestead[]---- kubestead{"policy": "[]"}',
    )
    with pytest.raises(KubesteadError, match=r"has another form than Cilium 1\.18's"):
        asker().why("shop/frontend", "shop/backend", "tcp", 1)


def test_the_command_tells_it_and_its_exit_code(asker: Make) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["policy", "why", *arguments])
        return done.exit_code, done.stdout

    code, text = run("shop/frontend", "shop/backend", "8080")
    assert (code, text.splitlines()[0]) == (0, "shop/frontend -> shop/backend 8080/TCP: allowed")
    code, text = run("shop/frontend", "shop/backend", "9001", "--json")
    assert (code, json.loads(text)["verdict"]) == (1, DENIED)
    assert run("shop/frontend", "shop/backend", "70000")[0] == 2
