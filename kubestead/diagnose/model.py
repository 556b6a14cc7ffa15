"""What was seen of one node, from the host itself, from the API and from its neighbours, and what is made of it.

Every field is None where it could not be learned; None never counts as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from kubestead.diagnose.api_model import ApiView, Condition, PodView
from kubestead.diagnose.cause import Cause
from kubestead.diagnose.remedy import Remedy
from kubestead.diagnose.report import NodeReport

__all__ = ["ApiView", "Condition", "Diagnosis", "Neighbour", "NodeReport", "PodView", "Reach", "Role", "Seen"]

Role = Literal["control_plane", "worker"]


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
        refused: why this run cannot use the SSH server that answers there, and what to do: another host key than the
            one that is trusted, a key or password that is not taken; None where none answers.
    """

    ssh: bool | None = None
    neighbours: tuple[Neighbour, ...] = ()
    power: Literal["on", "off"] | None = None
    refused: tuple[str, str] | None = None


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
    api: ApiView = field(default_factory=ApiView)
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
