"""Whether a node is back after a remedy: more than Ready. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kubestead.diagnose import Remedy

BOOTS = (Remedy.REBOOT, Remedy.POWER_CYCLE)


def missing(
    remedy: Remedy, boot_before: str, boot_now: str, healthy: bool, pods: Sequence[Mapping[str, Any]] | None
) -> list[str]:
    """What still has to come back, each a few words; empty when everything has.

    Args:
        remedy: what was done.
        boot_before, boot_now: the node's boot id before the remedy and now; empty where unknown.
        healthy: Ready is True and the lease fresh.
        pods: the API's pods of the node; None: not asked yet.
    """
    found = [] if healthy else ["Ready with a fresh lease"]
    if remedy in BOOTS and boot_now in ("", boot_before):
        found.append("a new boot id")
    return found + (["its pods (not seen yet)"] if pods is None else _pods(pods))


def _pods(pods: Sequence[Mapping[str, Any]]) -> list[str]:
    """Pods that hold a recovery up: the pod network's agent, and pods whose endpoints did not come back.

    A pod whose containers are all ready and which is not is the node that came back without its endpoints
    (kubernetes #85725). A pod with a container that fails on its own account is no matter of the node.
    """
    agents = [pod for pod in pods if _labels(pod).get("k8s-app") == "cilium"]
    found = [] if any(is_ready(pod) for pod in agents) else ["a ready Cilium agent"]
    for pod in pods:
        if pod not in agents and not pod["metadata"].get("deletionTimestamp") and not is_ready(pod) and _could_be(pod):
            found.append(f"pod {pod['metadata']['namespace']}/{pod['metadata']['name']}")
    return found


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Its Ready condition is True."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _could_be(pod: Mapping[str, Any]) -> bool:
    """All its containers are ready, and no gate of its own keeps it from being so."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    gates = (pod.get("spec") or {}).get("readinessGates") or []
    return bool(statuses) and not gates and all(one.get("ready") for one in statuses)


def _labels(pod: Mapping[str, Any]) -> Mapping[str, str]:
    return pod["metadata"].get("labels") or {}
