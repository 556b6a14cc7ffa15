"""What ``kubestead status`` tells; what is not known is None, and :attr:`Status.unknown` says why. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from kubestead.errors import Finding


@dataclass(frozen=True)
class NodeStatus:
    """A node.

    Args:
        ready: its Ready condition, ``True``, ``False``, ``Unknown``, or None where it has none.
        conditions: other conditions that are not as they should be (``DiskPressure``).
        pods: its part of the pod network, as Cilium has given it.
        certificate_days: until its kubelet's client certificate ends, as the kubelet says.
    """

    name: str
    role: str
    ready: str | None
    conditions: tuple[str, ...] = ()
    cordoned: bool = False
    address: str = ""
    kubelet: str = ""
    runtime: str = ""
    pods: tuple[str, ...] = ()
    certificate_days: float | None = None


@dataclass(frozen=True)
class Certificate:
    """A certificate: whose it is, and the days until it ends (negative: since it ended)."""

    name: str
    days: float


@dataclass(frozen=True)
class Network:
    """Cilium and Hubble; pods as ``ready of wanted``.

    Args:
        mode: how pods of different nodes reach each other: ``tunnel, vxlan`` or ``native``.
        kube_proxy: ``kept`` or ``replaced by Cilium``.
        relay: empty where there is none.
    """

    version: str
    mode: str
    kube_proxy: str
    agents: str
    operator: str
    hubble: bool
    relay: str = ""


@dataclass(frozen=True)
class Status:
    """Everything; ``findings`` is what keeps the cluster from being healthy, ``unknown`` is why a part is missing."""

    server: str
    version: str | None = None
    nodes: tuple[NodeStatus, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    network: Network | None = None
    last_run: Mapping[str, Any] | None = None
    last_recovery: Mapping[str, Any] | None = None
    findings: tuple[Finding, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)

    @property
    def healthy(self) -> bool:
        """Nothing that is known speaks against it, and the nodes are known."""
        return not self.findings and bool(self.nodes)

    def to_data(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        return {"healthy": self.healthy, **asdict(self)}
