"""What was seen of one node, from the host itself, from the API and from its neighbours, and what is made of it.

Every field is None where it could not be learned; None never counts as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from kubestead.diagnose.cause import Cause
from kubestead.diagnose.remedy import Remedy
from kubestead.diagnose.report import NodeReport

__all__ = ["ApiView", "Condition", "Diagnosis", "Neighbour", "NodeReport", "PodView", "Reach", "Role", "Seen"]

Role = Literal["control_plane", "worker"]


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


@dataclass(frozen=True)
class Neighbour:
    """What another host gets from the node's address: an echo, and connections to its SSH and kubelet ports.

    A port that refuses is the sign of a host that lives: ``open``, ``refused`` or ``silent``; SSH's ``answers``
    where its server greeted.
    """

    name: str
    ping: bool | None = None
    ssh: str | None = None
    kubelet: str | None = None


@dataclass(frozen=True)
class Reach:
    """Whether the node can be reached, and its power where the site can tell.

    Args:
        ssh: this run has an SSH connection to it; None: it was not tried.
        neighbours: what other reachable hosts get from its address.
        power: ``on`` or ``off`` by the site's own command; None where there is none.
    """

    ssh: bool | None = None
    neighbours: tuple[Neighbour, ...] = ()
    power: Literal["on", "off"] | None = None


@dataclass(frozen=True)
class Seen:
    """Everything that was seen of one node.

    Args:
        node, role: its name in the inventory, and what it is there.
        report: what the host said of itself; None where it could not be asked.
        api: what the API said.
        reach: whether it can be reached.
        clock_skew: seconds its clock is ahead of the other hosts' and the controller's.
        trouble: why there is no report though the host was reached.
    """

    node: str
    role: Role
    report: NodeReport | None = None
    api: ApiView = ApiView()
    reach: Reach = Reach()
    clock_skew: float | None = None
    trouble: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """The one cause, why, and what may be done.

    Args:
        node: its name.
        cause: the deepest cause that explains the rest.
        evidence: sentences without a full stop, the cause's own first.
        remedies: the rungs that may help, least first; empty: a person's turn.
        advice: the next command for a person.
    """

    node: str
    cause: Cause
    evidence: tuple[str, ...]
    remedies: tuple[Remedy, ...]
    advice: str

    def to_data(self) -> dict[str, Any]:
        """A plain JSON object."""
        return {
            "node": self.node,
            "cause": self.cause.value,
            "evidence": list(self.evidence),
            "remedies": [remedy.value for remedy in self.remedies],
            "advice": self.advice,
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Diagnosis:
        """The inverse of :meth:`to_data`.

        Raises:
            ValueError: a cause or remedy this version does not know, or a key is missing.
        """
        try:
            return cls(
                node=str(data["node"]),
                cause=Cause(data["cause"]),
                evidence=tuple(map(str, data["evidence"])),
                remedies=tuple(map(Remedy, data["remedies"])),
                advice=str(data["advice"]),
            )
        except KeyError as error:
            raise ValueError(f"not a diagnosis: it has no {error}") from error
