"""Whether etcd has its majority without one of its members. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kubestead.recovery.verify import is_ready

SELECTOR = "component=etcd"
# Of every member, by the name of its node: whether its pod is Ready. None: not known.
Members = Mapping[str, bool]


def quorum(count: int) -> int:
    """How many of ``count`` etcd members are its majority."""
    return count // 2 + 1


def members_of(pods: Iterable[Mapping[str, Any]]) -> dict[str, bool]:
    """The members by kubeadm's static pods; others are left out."""
    return {
        str(pod["spec"].get("nodeName") or ""): is_ready(pod)
        for pod in pods
        if (pod["metadata"].get("labels") or {}).get("component") == "etcd"
    }


def against(members: Members | None, name: str, planes: int = 0) -> str | None:
    """Why ``name`` may not go: the others would be fewer than the majority of all, or nobody knows; else None.

    Args:
        members: all of etcd's.
        name: the node that would go for a while.
        planes: how many control planes there are at least; one whose pod is not seen is a member all the same.
    """
    if members is None:
        return "whether etcd's other members are well is not known"
    count = max(len({*members, name}), planes)
    ready = sum(well for node, well in members.items() if node != name)
    if ready >= quorum(count):
        return None
    return f"{ready} other etcd members are ready, its majority is {quorum(count)} of {count}"
