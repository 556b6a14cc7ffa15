"""A run begins: it is recorded, shown, and has its hosts for itself."""

from __future__ import annotations

from pyinfra import host, inventory, state

from kubestead.phases.gather import once
from kubestead.phases.topology import CONTROL_PLANE, WORKERS, group, node_address
from kubestead.runlock import take_lock
from kubestead.runrecord import record
from kubestead.runview import show_operations
from kubestead.spec import ClusterSpec
from kubestead.unreachable import left_out

ROLES = {CONTROL_PLANE: "control plane", WORKERS: "worker"}


def begin_run() -> None:
    """Record and show this run, and lock its hosts; every deploy begins with it, itself or by ``load_spec``.

    Raises:
        DeployError: another run is at work on one of the hosts.
    """
    once("run", _begin)


def _begin() -> None:
    nodes = [
        {"name": node.name, "role": role, "address": node_address(node)}
        for name, role in ROLES.items()
        for node in group(name)
    ]
    hosts = [node.name for node in inventory if state.is_host_in_limit(node)]
    record(nodes=nodes, hosts=hosts, left_out=list(left_out()))
    show_operations()
    # The default is ClusterSpec's own; this deploy may not need the whole spec.
    take_lock(str(host.data.get("cluster_name") or ClusterSpec.model_fields["cluster_name"].default), hosts)
