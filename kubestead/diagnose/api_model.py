"""A node and its pods as the API tells of them; every field is None where it could not be learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubestead.diagnose.model import Diagnosis


@dataclass(frozen=True)
class Condition:
    """A condition of the Node object: ``True``, ``False`` or ``Unknown``, why, and since when (seconds since 1970)."""

    status: str
    reason: str = ""
    message: str = ""
    since: float | None = None


@dataclass(frozen=True)
class PodView:
    """A pod as far as a diagnosis needs it.

    Args:
        namespace, name: what it is called.
        node: where it is placed; None while it is not.
        phase: ``Running``, ``Pending``, ...
        ready: its Ready condition is True.
        deletion: when it should have been gone at the latest, seconds since 1970; None while nobody deletes it.
        trouble: the first reason a container of it gives for waiting or having ended, with its message.
    """

    namespace: str
    name: str
    node: str | None
    phase: str
    ready: bool
    deletion: float | None = None
    trouble: str = ""


@dataclass(frozen=True)
class ApiView:
    """What the API said of one node, and of the cluster where that bears on it.

    Args:
        answers: the API answered; False: it was asked and did not. With False nothing below is known.
        asked: when, seconds since 1970 by the clock of the host that asked.
        exists: there is a Node object of that name.
        ready: its Ready condition; None where it has none yet.
        pressures: the conditions MemoryPressure, DiskPressure and PIDPressure that are True, by name.
        lease_renewed: when the node's kubelet last renewed its lease, seconds since 1970.
        boot_id: the boot the kubelet last told of.
        cordoned: scheduling is switched off (``spec.unschedulable``).
        cordoned_for: the remedy that did it and has not lifted it; empty where a person did.
        taints: its taints' keys.
        pods: the question for pods was answered; else nothing is known of the next three.
        agent: the node's Cilium agent pod; None where there is none.
        operators: the pods of the Cilium operator.
        terminating: pods on the node past the time they should have been gone.
        others_ready: how many other nodes are Ready.
        planes: the addresses of the control planes' nodes.
        ca: the cluster's CA as PEM text, and ``server``, the address it gives to those who join.
        trouble: what was said where it did not answer; ``down``: what a control plane's own report gives as the reason.
    """

    answers: bool = False
    asked: float | None = None
    exists: bool | None = None
    ready: Condition | None = None
    pressures: Mapping[str, Condition] = field(default_factory=dict)
    lease_renewed: float | None = None
    boot_id: str | None = None
    cordoned: bool | None = None
    cordoned_for: str = ""
    taints: tuple[str, ...] = ()
    pods: bool = True
    agent: PodView | None = None
    operators: tuple[PodView, ...] = ()
    terminating: tuple[PodView, ...] = ()
    others_ready: int | None = None
    planes: tuple[str, ...] = ()
    ca: str | None = None
    server: str | None = None
    trouble: str = ""
    down: Diagnosis | None = None

    @property
    def lease_age(self) -> float | None:
        """Seconds since the lease was renewed, by the asking host's clock; never negative."""
        if self.asked is None or self.lease_renewed is None:
            return None
        return max(0.0, self.asked - self.lease_renewed)
