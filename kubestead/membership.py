"""Whether a node belongs to a cluster, and what a run may therefore do with it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kubestead.errors import Finding


@dataclass(frozen=True)
class Membership:
    """What a host's own files say of its place in a cluster.

    Args:
        is_control_plane: it has an API server's manifest and an administrator's kubeconfig.
        is_member: it has a kubelet's kubeconfig.
        server: the API server its kubelet talks to (``https://k8s-api:6443``); None when it is no member.
        interrupted: ``init`` or ``join`` when a run began that here and never finished; the files then lie.
        has_etcd_data: it has an etcd data folder with a member in it.
    """

    is_control_plane: bool = False
    is_member: bool = False
    server: str | None = None
    interrupted: Literal["init", "join"] | None = None
    has_etcd_data: bool = False

    @property
    def joined(self) -> bool:
        """A member, and not half of one."""
        return self.is_member and self.interrupted is None


def may_initialise(
    first: str, control_planes: Mapping[str, Membership], workers: Mapping[str, Membership], endpoint_answers: bool
) -> list[Finding]:
    """Why a new cluster may not be started on ``first``; empty when it may. Never a second cluster by accident.

    Args:
        first: the first control plane's name.
        control_planes: membership by host of every control plane in the inventory.
        workers: membership by host of the workers in this run.
        endpoint_answers: whether something answers at the control plane's endpoint.
    """
    findings = [
        Finding(
            name,
            f"already runs a control plane, while {first} does not",
            f"put {name} first in the group control_plane, or reset it: "
            f"pyinfra INVENTORY deploys/reset.py --limit {name}",
        )
        for name, membership in control_planes.items()
        if name != first and membership.is_control_plane and membership.interrupted is None
    ]
    findings += [
        Finding(
            name,
            f"is joined to {membership.server}, but {first} holds no control plane: it was wiped, or replaced",
            "restore the control plane from its backup; or, to give the old cluster up, reset this host first: "
            f"pyinfra INVENTORY deploys/reset.py --limit {name}",
        )
        for name, membership in workers.items()
        if membership.joined
    ]
    mine = control_planes.get(first, Membership())
    if mine.has_etcd_data and mine.interrupted is None:
        findings.append(
            Finding(
                first,
                "has etcd data of an earlier cluster in /var/lib/etcd but no control plane",
                f"keep it safe if it matters, then: pyinfra INVENTORY deploys/reset.py --limit {first}",
            )
        )
    if endpoint_answers and mine.interrupted is None:
        findings.append(
            Finding(
                "control_plane_endpoint",
                "something already answers there; a second cluster would be started behind a live one's name",
                "give this cluster an endpoint of its own, or take the other one down first",
            )
        )
    return findings
