"""What is known of a whole run: every node with its host's facts, what reaches what, the cluster that is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from kubestead.catalog import Catalog
from kubestead.preflight.model import HostInfo
from kubestead.spec import ClusterSpec

Role = Literal["control_plane", "worker"]
Reachability = Literal["open", "refused", "timeout", "no route"]


@dataclass(frozen=True)
class ClockOffset:
    """How far a host's clock is from the controller's, in seconds: certainly between ``low`` and ``high``.

    The host read its clock after the controller sent the command and before the controller had the answer, so its
    offset is at least (clock - received) and at most (clock - sent).
    """

    low: float
    high: float

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2


@dataclass(frozen=True)
class Probe:
    """The answer of one TCP connection attempt from a host to a peer's port."""

    address: str
    port: int
    result: Reachability


@dataclass(frozen=True)
class Node:
    """A host of the inventory: its name (the node's name in the cluster), its role and its node address."""

    name: str
    role: Role
    address: IPv4Address


@dataclass(frozen=True)
class Host:
    """A node whose facts were gathered. ``clock`` and ``probes`` are None where they could not be had."""

    node: Node
    info: HostInfo
    clock: ClockOffset | None = None
    probes: tuple[Probe, ...] | None = None

    @property
    def name(self) -> str:
        return self.node.name


@dataclass(frozen=True)
class Survey:
    """All that the checks look at.

    Args:
        spec: the cluster as it should be.
        nodes: every host of the inventory.
        hosts: those whose facts were gathered: fewer than ``nodes`` with ``--limit``.
        peers: those whose connections to each other matter to this run: its hosts, and every control plane.
        catalog: what is installed on the hosts; None when it could not be read, which is a finding elsewhere.
        running_pods: the pod networks of the cluster that runs already; None where none does, or it was not asked.
    """

    spec: ClusterSpec
    nodes: tuple[Node, ...]
    hosts: tuple[Host, ...]
    peers: tuple[Node, ...]
    catalog: Catalog | None
    running_pods: frozenset[IPv4Network] | None = None
