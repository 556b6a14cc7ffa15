"""Facts about the cluster's health, asked of its API on a control plane in one round trip."""

from __future__ import annotations

from pyinfra.api import FactBase

from kubestead.health import KUBECTL, ClusterState, Node, Pod, Workload

_FIELDS = (
    ".kind",
    ".metadata.name",
    '.status.conditions[?(@.type=="Ready")].status',
    ".spec.nodeName",
    ".status.phase",
    ".spec.replicas",
    ".status.readyReplicas",
    ".status.desiredNumberScheduled",
    ".status.numberReady",
)


class ClusterHealth(FactBase[ClusterState]):
    """Nodes, and the workloads and pods of kube-system."""

    default = ClusterState

    def command(self) -> str:
        row = '{"\\t"}'.join(f"{{{field}}}" for field in _FIELDS)
        return (
            f"{KUBECTL} --request-timeout=10s get nodes,daemonsets,deployments,pods --namespace kube-system "
            f"--output=jsonpath='{{range .items[*]}}{row}{{\"\\n\"}}{{end}}' 2>/dev/null || true"
        )

    def process(self, output: list[str]) -> ClusterState:
        rows = [line.split("\t") for line in output if line.count("\t") == len(_FIELDS) - 1]
        nodes, workloads, pods = [], [], []
        for kind, name, ready, node, phase, replicas, ready_replicas, desired, number_ready in rows:
            if kind == "Node":
                nodes.append(Node(name, ready or None))
            elif kind == "Deployment":
                workloads.append(Workload(kind, name, int(replicas or 0), int(ready_replicas or 0)))
            elif kind == "DaemonSet":
                workloads.append(Workload(kind, name, int(desired or 0), int(number_ready or 0)))
            elif kind == "Pod":
                pods.append(Pod(name, node or None, phase, ready == "True"))
        return ClusterState(bool(rows), tuple(nodes), tuple(workloads), tuple(pods))
