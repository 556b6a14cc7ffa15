"""The API's objects as they are in JSON (from kubectl or the kubernetes client) as one view per node."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import yaml

from kubestead.diagnose.model import ApiView, Condition, PodView
from kubestead.marks import CORDONED_FOR

Object = Mapping[str, Any]
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure")
AGENT, OPERATOR = ("k8s-app", "cilium"), ("io.cilium/app", "operator")


@dataclass(frozen=True)
class ApiObjects:
    """Objects of one moment.

    Args:
        asked: when, seconds since 1970 by the asking host's clock.
        nodes: all Node objects.
        leases: the leases of kube-node-lease.
        pods: Cilium's pods, and every pod that is being deleted; others may be among them. None: not known.
        cluster_info: the ConfigMap kube-public/cluster-info; None where there is none.
    """

    asked: float
    nodes: Sequence[Object]
    leases: Sequence[Object]
    pods: Sequence[Object] | None
    cluster_info: Object | None = None


def api_views(objects: ApiObjects, names: Iterable[str]) -> dict[str, ApiView]:
    """One view for each of ``names`` and for each Node there is; a name without a Node gets ``exists=False``."""
    nodes = {_name(node): node for node in objects.nodes}
    renewed = {_name(lease): seconds(_at(lease, "spec", "renewTime")) for lease in objects.leases}
    pods: dict[str | None, dict[tuple[str, str], PodView]] = {}
    labels: dict[tuple[str, str], Mapping[str, str]] = {}
    for item in objects.pods or ():
        pod = pod_view(item)
        # Asked for twice, by label and as one being deleted: the fuller object has the labels.
        if _at(item, "metadata", "labels") or (pod.namespace, pod.name) not in labels:
            pods.setdefault(pod.node, {})[pod.namespace, pod.name] = pod
            labels[pod.namespace, pod.name] = _at(item, "metadata", "labels") or {}
    everyone = [pod for some in pods.values() for pod in some.values()]
    operators = tuple(pod for pod in everyone if _labelled(labels[pod.namespace, pod.name], OPERATOR))
    ready = {name for name, node in nodes.items() if (condition := _ready(node)) and condition.status == "True"}
    ca, server = _cluster_info(objects.cluster_info)
    common = ApiView(
        answers=True, asked=objects.asked, pods=objects.pods is not None, operators=operators, ca=ca, server=server,
        planes=tuple(address for node in objects.nodes for address in _plane_addresses(node)),
    )  # fmt: skip
    views = {}
    for name in {*names, *nodes}:
        mine = pods.get(name, {}).values()
        agents = [pod for pod in mine if _labelled(labels[pod.namespace, pod.name], AGENT)]
        views[name] = replace(
            _of_node(common, nodes.get(name)),
            lease_renewed=renewed.get(name),
            # While an agent is replaced there are two; the one that stays counts.
            agent=min(agents, key=lambda pod: (pod.deletion is not None, pod.name), default=None),
            terminating=tuple(pod for pod in mine if pod.deletion is not None and pod.deletion < objects.asked),
            others_ready=len(ready - {name}),
        )
    return views


def pod_view(pod: Object) -> PodView:
    """One Pod object."""
    status = _at(pod, "status") or {}
    conditions = {one.get("type"): one for one in status.get("conditions") or ()}
    return PodView(
        namespace=str(_at(pod, "metadata", "namespace") or ""),
        name=_name(pod),
        node=_at(pod, "spec", "nodeName") or None,
        phase=str(status.get("phase") or "Unknown"),
        ready=conditions.get("Ready", {}).get("status") == "True",
        deletion=seconds(_at(pod, "metadata", "deletionTimestamp")),
        trouble=_trouble(status, conditions),
    )


def seconds(time: object) -> float | None:
    """An API time (``2024-11-22T10:00:05.000000Z``) as seconds since 1970."""
    try:
        return datetime.fromisoformat(str(time).replace("Z", "+00:00")).timestamp() if time else None
    except ValueError:
        return None


def _of_node(common: ApiView, node: Object | None) -> ApiView:
    if node is None:
        return replace(common, exists=False)
    spec = _at(node, "spec") or {}
    conditions = _conditions(node)
    return replace(
        common,
        exists=True,
        ready=conditions.get("Ready"),
        pressures={kind: one for kind, one in conditions.items() if kind in PRESSURES and one.status == "True"},
        boot_id=_at(node, "status", "nodeInfo", "bootID") or None,
        cordoned=bool(spec.get("unschedulable")),
        cordoned_for=str(_at(node, "metadata", "annotations", CORDONED_FOR) or ""),
        taints=tuple(str(taint.get("key")) for taint in spec.get("taints") or ()),
    )


def _plane_addresses(node: Object) -> list[str]:
    if CONTROL_PLANE not in (_at(node, "metadata", "labels") or {}):
        return []
    addresses = _at(node, "status", "addresses") or ()
    return [str(one.get("address")) for one in addresses if one.get("type") == "InternalIP"]


def _conditions(node: Object) -> dict[str, Condition]:
    return {
        str(one.get("type")): Condition(
            str(one.get("status")),
            str(one.get("reason") or ""),
            str(one.get("message") or ""),
            seconds(one.get("lastTransitionTime")),
        )
        for one in _at(node, "status", "conditions") or ()
    }


def _ready(node: Object) -> Condition | None:
    return _conditions(node).get("Ready")


def _trouble(status: Object, conditions: Mapping[Any, Object]) -> str:
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return _said(scheduled)
    for kind in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(kind) or ():
            state = container.get("state") or {}
            found = state.get("waiting") or (state.get("terminated") if kind == "containerStatuses" else None)
            if found and found.get("reason") not in (None, "PodInitializing"):
                return f"{container.get('name')}: {_said(found)}"
    return _said(status) if status.get("reason") else ""


def _said(item: Object) -> str:
    return ": ".join(str(item[key]) for key in ("reason", "message") if item.get(key))


def _cluster_info(configmap: Object | None) -> tuple[str | None, str | None]:
    """The CA and the server of the kubeconfig in it."""
    try:
        kubeconfig = yaml.safe_load(_at(configmap or {}, "data", "kubeconfig") or "") or {}
        cluster = kubeconfig["clusters"][0]["cluster"]
        ca = b64decode(cluster["certificate-authority-data"]).decode()
        return ca, str(cluster["server"])
    except (yaml.YAMLError, ValueError, LookupError, TypeError):
        return None, None


def _labelled(labels: Mapping[str, str], label: tuple[str, str]) -> bool:
    return labels.get(label[0]) == label[1]


def _name(item: Object) -> str:
    return str(_at(item, "metadata", "name") or "")


def _at(item: Any, *path: str) -> Any:
    """What stands at ``path``, None where it ends early."""
    for key in path:
        item = item.get(key) if isinstance(item, Mapping) else None
    return item
