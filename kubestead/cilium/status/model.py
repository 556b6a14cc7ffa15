"""What agents, hosts and the API answered about Cilium. What is None is not known, which is never "well". Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kubestead.cilium.status.agent import AgentStatus, Drops, HealthPath, RemoteCluster


@dataclass(frozen=True)
class HostView:
    """What a host said of the agent on it.

    Args:
        node: the node's name.
        trouble: why the host could not be asked; empty where it could.
        process: the state letter of the agent's process (``S``, ``T``), empty where none runs.
        status: the agent's own answer.
        paths: cilium-health's last round, as the agent keeps it.
        probes: what a connection to each address did just now: ``open``, ``refused`` or ``silent``.
        drops: the datapath's counters, read twice, a moment apart.
        links: MTU of each network link, in bytes.
        settings: what the agent read at its start.
        cni_files: name and content of the files in /etc/cni/net.d.
        words: the line of its log that says why the agent does not run.
        troubles: what was asked of the agent and not answered, with the reason.
    """

    node: str
    trouble: str = ""
    process: str | None = None
    status: AgentStatus | None = None
    paths: tuple[HealthPath, ...] | None = None
    probes: Mapping[str, str] = field(default_factory=dict)
    drops: tuple[Drops, Drops] | None = None
    links: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, str] | None = None
    cni_files: Mapping[str, str] | None = None
    words: str = ""
    troubles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class NodeObject:
    """A Node: its Ready condition (``True``, ``False``, ``Unknown``) with its message, and its part of the network."""

    name: str
    ready: str | None = None
    message: str = ""
    pod_cidrs: tuple[str, ...] = ()


@dataclass(frozen=True)
class CiliumNode:
    """A CiliumNode: its part of the pod network, and what the operator could not do for it."""

    name: str
    pod_cidrs: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Pod:
    """One of Cilium's pods.

    Args:
        app: ``cilium``, ``cilium-operator``, ``hubble-relay``.
        waiting: what its containers wait for (``CrashLoopBackOff``), and the message.
        ended: how a container of it ended last (``Error, exit code 1: ...``), and when, in seconds since 1970.
    """

    name: str
    app: str
    node: str = ""
    phase: str = ""
    ready: bool = False
    waiting: str = ""
    restarts: int = 0
    ended: str = ""
    ended_at: float | None = None


@dataclass(frozen=True)
class Workload:
    """How many pods it wants, and how many are ready."""

    wanted: int
    ready: int


@dataclass(frozen=True)
class Lease:
    """Who leads the operators, and when they said so last, in seconds since 1970."""

    holder: str
    renewed: float


@dataclass(frozen=True)
class Relay:
    """What Hubble's relay said: nodes it hears, and does not hear; ``trouble`` where it did not answer."""

    connected: int = 0
    unavailable: int = 0
    names: tuple[str, ...] = ()
    trouble: str = ""


@dataclass(frozen=True)
class ClusterView:
    """What the API said, asked on a control plane.

    Args:
        asked: when, in seconds since 1970 by the control plane's clock; None where it could not be asked.
        troubles: what was not answered, with the reason.
        workloads: by name; None where it could not be asked. One that is not there is not in it.
        config: the ConfigMap cilium-config.
        node_config: keys that a CiliumNodeConfig sets for some nodes.
        mesh: other clusters as kvstoremesh has them, which mirrors them for the agents; None where there is none.
    """

    asked: float | None = None
    troubles: Mapping[str, str] = field(default_factory=dict)
    nodes: tuple[NodeObject, ...] | None = None
    cilium_nodes: tuple[CiliumNode, ...] | None = None
    pods: tuple[Pod, ...] | None = None
    workloads: Mapping[str, Workload] | None = None
    config: Mapping[str, str] | None = None
    node_config: frozenset[str] = frozenset()
    lease: Lease | None = None
    relay: Relay | None = None
    mesh: tuple[RemoteCluster, ...] | None = None

    @property
    def answers(self) -> bool:
        """The API said something of the nodes."""
        return self.nodes is not None
