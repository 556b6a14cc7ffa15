"""Facts about the cluster's health, asked of its API on a control plane in one round trip."""

from __future__ import annotations

import shlex

from pyinfra.api import FactBase

from kubestead.health import KUBECTL, READY, ClusterState, Node, Pod, Proof, Workload, rows_of

# What the last smoke that passed was about (:class:`kubestead.health.Proof`); whatever makes that void removes it.
SMOKE_STAMP = "/var/lib/kubestead/smoke-passed"
_FIELDS = (
    ".kind",
    ".metadata.name",
    READY,
    ".spec.nodeName",
    ".status.phase",
    ".spec.replicas",
    ".status.readyReplicas",
    ".status.desiredNumberScheduled",
    ".status.numberReady",
    ".status.updatedNumberScheduled",
    ".status.updatedReplicas",
    ".metadata.generation",
    ".status.observedGeneration",
    ".metadata.uid",
)
# What a workload wants, then what of it is there: ready, and of its newest form.
_COUNTS = {
    "DaemonSet": (".status.desiredNumberScheduled", ".status.numberReady", ".status.updatedNumberScheduled"),
    "Deployment": (".spec.replicas", ".status.readyReplicas", ".status.updatedReplicas"),
}


class ClusterHealth(FactBase[ClusterState]):
    """Nodes, the workloads and pods of kube-system, and which nodes a smoke has proven."""

    default = ClusterState

    def command(self) -> str:
        return (
            f"{KUBECTL} --request-timeout=10s get nodes,daemonsets,deployments,pods --namespace kube-system "
            f"--output={shlex.quote(rows_of(_FIELDS))} 2>/dev/null; "
            f"sed 's/^/proven\t/' {SMOKE_STAMP} 2>/dev/null || true"
        )

    def process(self, output: list[str]) -> ClusterState:
        rows = [line.split("\t") for line in output if line.count("\t") == len(_FIELDS) - 1]
        nodes, workloads, pods = [], [], []
        for row in rows:
            field = dict(zip(_FIELDS, row, strict=True))
            kind, name = field[".kind"], field[".metadata.name"]
            ready = field[READY]
            if kind == "Node":
                nodes.append(Node(name, ready or None, field[".metadata.uid"]))
            elif kind == "Pod":
                pods.append(Pod(name, field[".spec.nodeName"] or None, field[".status.phase"], ready == "True"))
            elif kind in _COUNTS:
                wanted, *counted = (int(field[key] or 0) for key in _COUNTS[kind])
                # A controller that has not seen the newest form yet counts pods of the old one.
                seen = field[".metadata.generation"] == field[".status.observedGeneration"]
                workloads.append(Workload(kind, name, wanted, min(counted) if seen else 0))
        proof = Proof.parse(line.partition("\t")[2] for line in output if line.startswith("proven\t"))
        return ClusterState(bool(rows), tuple(nodes), tuple(workloads), tuple(pods), proof)
