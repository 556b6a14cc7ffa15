"""The API's objects as views of nodes."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from kubestead.diagnose.api import ApiObjects, api_views, pod_view, seconds

NOW = 1732269600.0


def node(name: str, status: str = "True", **spec: Any) -> dict[str, Any]:
    ready = {
        "type": "Ready",
        "status": status,
        "reason": "R",
        "message": "M",
        "lastTransitionTime": "2024-11-22T09:59:00Z",
    }
    pressure = [{"type": "DiskPressure", "status": "True"}, {"type": "PIDPressure", "status": "False"}]
    return {
        "metadata": {"name": name}, "spec": spec,
        "status": {"conditions": [ready, *pressure], "nodeInfo": {"bootID": "b"}},
    }  # fmt: skip


def pod(name: str, where: str | None, labels: dict[str, str], **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "kube-system", "name": name, "labels": labels, **metadata},
        "spec": {"nodeName": where},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    }  # fmt: skip


LEASE = {"metadata": {"name": "a"}, "spec": {"renewTime": "2024-11-22T09:59:50.250000Z"}}
AGENT, OPERATOR = {"k8s-app": "cilium"}, {"io.cilium/app": "operator"}
KUBECONFIG = f"""
clusters:
- cluster:
    certificate-authority-data: {b64encode(b"PEM").decode()}
    server: https://k8s-api:6443
"""


def objects(**values: Any) -> ApiObjects:
    return ApiObjects(
        **{"asked": NOW, "nodes": [node("a", unschedulable=True), node("b", "Unknown")], "leases": [LEASE],
           "pods": [pod("cilium-a", "a", AGENT), pod("operator", "b", OPERATOR)], **values}  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_nodes_view() -> None:
    view = api_views(objects(), ["a"])["a"]
    assert view.ready is not None
    assert (view.exists, view.ready.status, view.ready.since) == (True, "True", NOW - 60)
    assert view.lease_age == pytest.approx(9.75)
    assert list(view.pressures) == ["DiskPressure"]
    assert (view.cordoned, view.boot_id, view.others_ready) == (True, "b", 0)
    assert view.agent is not None
    assert view.agent.name == "cilium-a"
    assert [pod.name for pod in view.operators] == ["operator"]


def test_a_cordon_is_a_remedys_by_its_annotation() -> None:
    marked = node("a", unschedulable=True)
    marked["metadata"]["annotations"] = {"kubestead.dev/cordoned-for": "reboot"}
    views = api_views(objects(nodes=[marked, node("b", unschedulable=True)]), ["a", "b"])
    assert [(views[name].cordoned, views[name].cordoned_for) for name in "ab"] == [(True, "reboot"), (True, "")]


def test_other_nodes_are_counted_when_they_are_ready() -> None:
    assert api_views(objects(), [])["b"].others_ready == 1


def test_a_node_the_api_does_not_know() -> None:
    view = api_views(objects(), ["c"])["c"]
    assert (view.answers, view.exists, view.ready, view.lease_age, view.agent) == (True, False, None, None, None)


def test_the_cluster_tells_its_ca_and_server() -> None:
    view = api_views(objects(cluster_info={"data": {"kubeconfig": KUBECONFIG}}), ["a"])["a"]
    assert (view.ca, view.server) == ("PEM", "https://k8s-api:6443")


@pytest.mark.parametrize("text", ["", "[", "clusters: []", "clusters: [{cluster: {certificate-authority-data: '%'}}]"])
def test_a_cluster_info_that_tells_nothing(text: str) -> None:
    view = api_views(objects(cluster_info={"data": {"kubeconfig": text}}), ["a"])["a"]
    assert (view.ca, view.server) == (None, None)


def test_pods_that_should_be_gone_and_the_agent_that_stays() -> None:
    old = pod("cilium-0", "a", AGENT, deletionTimestamp="2024-11-22T09:50:00Z")
    short = {key: old[key] for key in ("spec", "status")} | {"metadata": {**old["metadata"], "labels": None}}
    view = api_views(objects(pods=[old, pod("cilium-a", "a", AGENT), short]), ["a"])["a"]
    assert view.agent is not None
    assert view.agent.name == "cilium-a"
    assert [pod.name for pod in view.terminating] == ["cilium-0"]


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        ({"containerStatuses": [{"name": "x", "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "m"}}}]},
         "x: CrashLoopBackOff: m"),
        ({"initContainerStatuses": [{"name": "i", "state": {"waiting": {"reason": "BackOff"}}}]}, "i: BackOff"),
        ({"initContainerStatuses": [{"name": "i", "state": {"terminated": {"reason": "Completed"}}}]}, ""),
        ({"containerStatuses": [{"name": "x", "state": {"waiting": {"reason": "PodInitializing"}}}]}, ""),
        ({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3"}]},
         "Unschedulable: 0/3"),
        ({"reason": "Evicted", "message": "low on memory"}, "Evicted: low on memory"),
        ({}, ""),
    ],
)  # fmt: skip
def test_why_a_pod_is_not_ready(status: dict[str, Any], trouble: str) -> None:
    assert pod_view({"metadata": {"name": "p"}, "status": status}).trouble == trouble


def test_times_of_the_api_and_what_is_none() -> None:
    assert seconds("2024-11-22T10:00:00Z") == seconds("2024-11-22T10:00:00+00:00") == NOW
    assert seconds(None) is None
    assert seconds("soon") is None
