"""The cluster's health as its API tells it, and what is wrong with it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kubestead.errors import Finding

KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"
# Whether a node or a pod is ready, as kubectl's jsonpath names it.
READY = '.status.conditions[?(@.type=="Ready")].status'


@dataclass(frozen=True)
class Node:
    """A node: its name, its Ready condition (``True``, ``False``, ``Unknown``, None where it has none yet), its uid."""

    name: str
    ready: str | None
    uid: str = ""


@dataclass(frozen=True)
class Workload:
    """A DaemonSet or Deployment: how many pods it wants, and how many are ready and of its newest form."""

    kind: str
    name: str
    wanted: int
    ready: int


@dataclass(frozen=True)
class Pod:
    """A pod of kube-system: its node (None while unscheduled), phase, and whether it is ready."""

    name: str
    node: str | None
    phase: str
    ready: bool


@dataclass(frozen=True)
class Proof:
    """What the last smoke that passed was about: the nodes' uids, and each node's part of the pod network by its name.

    It is kept on the control plane, a row for each Node and CiliumNode: kind, name, uid, CIDRs.
    """

    uids: tuple[str, ...] = ()
    pod_networks: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @classmethod
    def parse(cls, lines: Iterable[str]) -> Proof:
        """From its rows; what is none is passed over."""
        rows = [row for line in lines if len(row := line.split("\t")) == len(PROOF)]
        uids = tuple(uid for kind, _, uid, _ in rows if kind == "Node")
        return cls(uids, tuple((name, tuple(cidrs.split())) for kind, name, _, cidrs in rows if kind == "CiliumNode"))


def rows_of(fields: Iterable[str]) -> str:
    """kubectl's output format: a row for each object, its ``fields`` (``.metadata.name``) apart by tabs."""
    row = '{"\\t"}'.join(f"{{{field}}}" for field in fields)
    return f'jsonpath={{range .items[*]}}{row}{{"\\n"}}{{end}}'


# The columns of a proof's row, as kubectl's jsonpath names them.
PROOF = (".kind", ".metadata.name", ".metadata.uid", ".spec.ipam.podCIDRs[*]")


@dataclass(frozen=True)
class ClusterState:
    """What the API says; ``answers`` is False when it said nothing, and then nothing else of it is known."""

    answers: bool = False
    nodes: tuple[Node, ...] = ()
    workloads: tuple[Workload, ...] = ()
    pods: tuple[Pod, ...] = ()
    proof: Proof = Proof()

    def unproven(self, names: Sequence[str]) -> list[str]:
        """Those of the named nodes that no smoke has passed with: it failed, or the run was killed before it."""
        return [node.name for node in self.nodes if node.name in names and node.uid not in self.proof.uids]


def with_joined(nodes: Sequence[str], others: Sequence[str], state: ClusterState) -> list[str]:
    """``nodes``, and those of ``others`` that are in the cluster."""
    known = {node.name for node in state.nodes}
    return [*nodes, *(name for name in others if name in known)]


def findings(state: ClusterState, expected_nodes: Sequence[str], absent: Sequence[str] = ()) -> list[Finding]:
    """Everything that keeps the cluster from being healthy; empty when nothing does.

    Args:
        state: what the API said.
        expected_nodes: the inventory's nodes; one that is missing in the cluster is a finding, one too many is not.
        absent: nodes known to be away, not among the expected: what is missing for them is not waited for.
    """
    if not state.answers:
        return [
            Finding(
                "control plane", "the API does not answer", "on the control plane: sudo journalctl -u kubelet -n 50"
            )
        ]
    return [*node_findings(state, expected_nodes), *_workload_findings(state, absent)]


def missing(state: ClusterState, expected_nodes: Sequence[str], absent: Sequence[str] = ()) -> str:
    """What is still missing, on one line: ``Ready: k8s-worker1; cilium 1/3, coredns 0/2``."""
    if not state.answers:
        return "the API does not answer"
    ready = {node.name for node in state.nodes if node.ready == "True"}
    nodes = ", ".join(name for name in expected_nodes if name not in ready)
    pods = ", ".join(
        f"{item.name} {item.ready}/{item.wanted}" for item in state.workloads if _lacks(item, state, absent)
    )
    return "; ".join(text for text in (f"Ready: {nodes}" if nodes else "", pods) if text) or "static pods"


def node_findings(state: ClusterState, expected_nodes: Sequence[str]) -> list[Finding]:
    """The part of :func:`findings` that is about the nodes alone."""
    ready = {node.name: node.ready for node in state.nodes}
    found = []
    for name in expected_nodes:
        if name not in ready:
            found.append(Finding(name, "is not in the cluster", f"on {name}: sudo journalctl -u kubelet -n 50"))
        elif ready[name] != "True":
            found.append(
                Finding(
                    name,
                    f"is not Ready (Ready={ready[name] or 'not reported'})",
                    f"{KUBECTL} describe node {name}; on {name}: sudo journalctl -u kubelet -n 50",
                )
            )
    return found


def _lacks(workload: Workload, state: ClusterState, absent: Sequence[str]) -> bool:
    """Whether it is not ready, be it that each absent node keeps one pod of it; a Deployment needs one all the same."""
    away = sum(node.name in absent for node in state.nodes)
    least = 0 if workload.kind == "DaemonSet" else min(workload.wanted, 1)
    return workload.ready < max(least, workload.wanted - away)


def _workload_findings(state: ClusterState, absent: Sequence[str]) -> list[Finding]:
    found = [
        Finding(
            f"kube-system/{workload.name}",
            f"{workload.ready} of {workload.wanted} pods are ready",
            f"{KUBECTL} -n kube-system describe {workload.kind.lower()} {workload.name}",
        )
        for workload in state.workloads
        if _lacks(workload, state, absent) or (workload.wanted == 0 < len(state.nodes) and workload.name == "cilium")
    ]
    if not any(workload.name == "cilium" for workload in state.workloads):
        found.append(Finding("kube-system/cilium", "is not installed", "pyinfra INVENTORY deploys/cluster.py"))
    static = [pod for pod in state.pods if pod.node and pod.name.endswith(f"-{pod.node}") and pod.node not in absent]
    found += [
        Finding(
            f"kube-system/{pod.name}",
            f"is {pod.phase}, not ready",
            f"{KUBECTL} -n kube-system describe pod {pod.name}",
        )
        for pod in static
        if not pod.ready
    ]
    return found
