"""From the API's objects to what the status and the health check know. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kubestead.health import ClusterState, Node, Pod, Workload
from kubestead.status.model import Network, NodeStatus

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
Object = Mapping[str, Any]


def node_status(item: Object, pods: tuple[str, ...] = ()) -> NodeStatus:
    """A node's status by its Node object."""
    status = item.get("status") or {}
    conditions = {one.get("type"): one.get("status") for one in status.get("conditions") or ()}
    info = status.get("nodeInfo") or {}
    addresses = {one.get("type"): one.get("address", "") for one in status.get("addresses") or ()}
    return NodeStatus(
        name=item["metadata"]["name"],
        role="control plane" if CONTROL_PLANE in (item["metadata"].get("labels") or {}) else "worker",
        ready=conditions.get("Ready"),
        conditions=tuple(sorted(kind for kind, value in conditions.items() if kind != "Ready" and value == "True")),
        cordoned=bool((item.get("spec") or {}).get("unschedulable")),
        address=addresses.get("InternalIP", ""),
        kubelet=info.get("kubeletVersion", ""),
        runtime=info.get("containerRuntimeVersion", "").replace("://", " "),
        pods=pods,
    )


def pod_networks(items: Iterable[Object]) -> dict[str, tuple[str, ...]]:
    """Each node's part of the pod network, by its CiliumNode object."""
    found = {}
    for item in items:
        given = ((item.get("spec") or {}).get("ipam") or {}).get("podCIDRs") or ()
        found[item["metadata"]["name"]] = tuple(map(str, given))
    return found


def cluster_state(nodes: Iterable[NodeStatus], workloads: Iterable[Workload], pods: Iterable[Object]) -> ClusterState:
    """What :func:`kubestead.health.findings` judges, as the run's own health check does."""
    return ClusterState(
        True, tuple(Node(one.name, one.ready) for one in nodes), tuple(workloads), tuple(_pod(one) for one in pods)
    )


def daemon_set(item: Object) -> Workload:
    """A DaemonSet of the newest form; one its controller has not seen yet has no ready pod."""
    status = item.get("status") or {}
    wanted = status.get("desiredNumberScheduled") or 0
    ready = min(status.get("numberReady") or 0, status.get("updatedNumberScheduled") or 0)
    return Workload("DaemonSet", item["metadata"]["name"], wanted, ready if _seen(item) else 0)


def deployment(item: Object) -> Workload:
    """The same for a Deployment."""
    status = item.get("status") or {}
    wanted = (item.get("spec") or {}).get("replicas", 1) or 0
    ready = min(status.get("readyReplicas") or 0, status.get("updatedReplicas") or 0)
    return Workload("Deployment", item["metadata"]["name"], wanted, ready if _seen(item) else 0)


def network(config: Object, workloads: Iterable[Workload], agent: Object) -> Network:
    """Cilium and Hubble by the ConfigMap cilium-config, the workloads and the agent's DaemonSet."""
    values, counts = config.get("data") or {}, {one.name: f"{one.ready} of {one.wanted}" for one in workloads}
    routing = values.get("routing-mode", "")
    mode = f"tunnel, {values.get('tunnel-protocol', 'vxlan')}" if routing == "tunnel" else routing or "not known"
    replaced = values.get("kube-proxy-replacement") in ("true", "strict")
    return Network(
        version=_version(agent),
        mode=mode,
        kube_proxy="replaced by Cilium" if replaced else "kept",
        agents=counts.get("cilium", "none"),
        operator=counts.get("cilium-operator", "none"),
        hubble=values.get("enable-hubble") == "true",
        relay=counts.get("hubble-relay", ""),
    )


def _version(agent: Object) -> str:
    containers = agent.get("spec", {}).get("template", {}).get("spec", {}).get("containers") or [{}]
    image = str(containers[0].get("image", "")).partition("@")[0]
    return image.rpartition("/")[2].partition(":")[2].removeprefix("v") or "not known"


def _seen(item: Object) -> bool:
    """The controller has seen the newest form."""
    generation = item["metadata"].get("generation")
    return bool(generation == (item.get("status") or {}).get("observedGeneration"))


def _pod(item: Object) -> Pod:
    status = item.get("status") or {}
    conditions = {one.get("type"): one.get("status") for one in status.get("conditions") or ()}
    node = (item.get("spec") or {}).get("nodeName")
    return Pod(item["metadata"]["name"], node, status.get("phase", ""), conditions.get("Ready") == "True")
