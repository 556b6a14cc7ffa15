"""From what ``cilium_cluster.sh`` printed on a control plane, the API's objects, to what is known. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from kubestead.cilium.status.agent import remote_clusters
from kubestead.cilium.status.model import (
    CiliumNode,
    ClusterView,
    Lease,
    NodeObject,
    Pod,
    Relay,
    Workload,
)
from kubestead.cilium.status.said import Answers, last_words
from kubestead.cilium.status.trouble import shortened

Object = Mapping[str, Any]
_T = TypeVar("_T")
# By the labels of Cilium's chart.
_APPS = {"cilium-agent": "cilium", "cilium-operator": "cilium-operator", "hubble-relay": "hubble-relay"}


def cluster_view(lines: Sequence[str]) -> ClusterView:
    """What the script printed; what is missing is not known."""
    said = {key: value for key, tab, value in (line.partition("\t") for line in lines) if tab}
    answers = Answers(said)
    nodes = answers.of("nodes", _all(_node))
    named = answers.of("objects", _named)
    defaults = answers.of("node_configs", _all(lambda one: set((one.get("spec") or {}).get("defaults") or ())))
    return ClusterView(
        asked=float(said["asked"]) if said.get("asked") else None,
        nodes=nodes,
        cilium_nodes=answers.of("cilium_nodes", _all(_cilium_node)),
        pods=answers.of("pods", _all(_pod)),
        workloads=named.workloads if named else None,
        config=named.config if named else None,
        node_config=frozenset(key for keys in defaults or () for key in keys),
        lease=named.lease if named else None,
        relay=_relay(said, answers),
        mesh=answers.of("mesh", remote_clusters),
        # Last: the questions above fill it.
        troubles={key: value for key, value in answers.troubles.items() if key not in ("relay", "mesh")},
    )


@dataclass(frozen=True)
class _Named:
    """What is asked for by name."""

    workloads: Mapping[str, Workload]
    config: Mapping[str, str] | None
    lease: Lease | None


def _named(data: Object) -> _Named:
    found = {(one["kind"], one["metadata"]["name"]): one for one in items(data)}
    config, lease = found.get(("ConfigMap", "cilium-config")), found.get(("Lease", "cilium-operator-resource-lock"))
    return _Named(
        workloads={name: _workload(one) for (_, name), one in found.items() if _counts(one)},
        config=None if config is None else {key: str(value) for key, value in (config.get("data") or {}).items()},
        lease=_lease(lease) if lease else None,
    )


def items(data: Object) -> Iterable[Object]:
    """The objects of a list; one alone is a list of itself."""
    found: Iterable[Object] = data.get("items", [data])
    return found


def _all(read: Callable[[Object], _T]) -> Callable[[Object], tuple[_T, ...]]:
    return lambda data: tuple(read(one) for one in items(data))


def _node(one: Object) -> NodeObject:
    conditions = {it.get("type"): it for it in (one.get("status") or {}).get("conditions") or ()}
    ready = conditions.get("Ready") or {}
    message = shortened(str(ready.get("message") or ""))
    given = tuple(map(str, (one.get("spec") or {}).get("podCIDRs") or ()))
    return NodeObject(str(one["metadata"]["name"]), ready.get("status"), message, given)


def _cilium_node(one: Object) -> CiliumNode:
    ipam = (one.get("spec") or {}).get("ipam") or {}
    pools = [cidr for pool in (ipam.get("pools") or {}).get("allocated") or () for cidr in pool.get("cidrs") or ()]
    told = ((one.get("status") or {}).get("ipam") or {}).get("operator-status") or {}
    given = tuple(map(str, [*(ipam.get("podCIDRs") or ()), *pools]))
    return CiliumNode(str(one["metadata"]["name"]), given, shortened(str(told.get("error") or "")))


def _pod(one: Object) -> Pod:
    status, labels = one.get("status") or {}, one["metadata"].get("labels") or {}
    conditions = {it.get("type"): it.get("status") for it in status.get("conditions") or ()}
    containers = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    waits = [it["state"]["waiting"] for it in containers if (it.get("state") or {}).get("waiting")]
    # What a container waits for because one before it does not come to its end says nothing.
    waits = [it for it in waits if it.get("reason") != "PodInitializing"] or waits
    ends = [it["lastState"]["terminated"] for it in containers if (it.get("lastState") or {}).get("terminated")]
    ended = max(ends, key=lambda it: str(it.get("finishedAt")), default=None)
    name = str(labels.get("app.kubernetes.io/name") or "")
    return Pod(
        name=str(one["metadata"]["name"]),
        app=_APPS.get(name, name),
        node=str((one.get("spec") or {}).get("nodeName") or ""),
        phase=str(status.get("phase") or ""),
        ready=conditions.get("Ready") == "True" and not one["metadata"].get("deletionTimestamp"),
        waiting=shortened(f"{waits[0].get('reason')}: {waits[0].get('message') or ''}").rstrip(": ") if waits else "",
        restarts=sum(int(it.get("restartCount") or 0) for it in containers),
        ended=_end(ended) if ended else "",
        ended_at=_time(ended.get("finishedAt")) if ended else None,
    )


def _end(one: Object) -> str:
    said = last_words(str(one.get("message") or "").splitlines())
    return f"{one.get('reason')}, exit code {one.get('exitCode')}{f': {said}' if said else ''}"


def _counts(one: Object) -> bool:
    return one["kind"] in ("DaemonSet", "Deployment")


def _workload(one: Object) -> Workload:
    status = one.get("status") or {}
    if one["kind"] == "DaemonSet":
        return Workload(int(status.get("desiredNumberScheduled") or 0), int(status.get("numberReady") or 0))
    return Workload(int((one.get("spec") or {}).get("replicas", 1) or 0), int(status.get("readyReplicas") or 0))


def _lease(one: Object) -> Lease | None:
    spec = one.get("spec") or {}
    renewed = _time(spec.get("renewTime"))
    return None if renewed is None else Lease(str(spec.get("holderIdentity") or ""), renewed)


def _time(text: object) -> float | None:
    return datetime.fromisoformat(str(text).replace("Z", "+00:00")).timestamp() if text else None


def _relay(said: Mapping[str, str], answers: Answers) -> Relay | None:
    if "relay" not in said:
        return None
    found = answers.of("relay", _heard)
    return found or Relay(trouble=answers.troubles["relay"])


def _heard(data: Object) -> Relay:
    def count(key: str) -> int:
        value = data.get(key)
        # A number of its own type: plain, or wrapped as protobuf's JSON may have it.
        return int((value.get("value") or 0) if isinstance(value, Mapping) else value or 0)

    names = tuple(str(name) for name in data.get("unavailable_nodes") or ())
    return Relay(count("num_connected_nodes"), count("num_unavailable_nodes"), names)
