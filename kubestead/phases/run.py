"""A run begins: it is recorded and shown."""

from __future__ import annotations

from pyinfra import inventory, state

from kubestead.phases.gather import once
from kubestead.phases.topology import CONTROL_PLANE, WORKERS, group, node_address
from kubestead.runrecord import record
from kubestead.runview import show_operations

ROLES = {CONTROL_PLANE: "control plane", WORKERS: "worker"}


def begin_run() -> None:
    """Record and show this run; every deploy that operates on hosts begins with it, itself or by ``load_spec``."""
    once("run", _begin)


def _begin() -> None:
    nodes = [
        {"name": node.name, "role": role, "address": node_address(node)}
        for name, role in ROLES.items()
        for node in group(name)
    ]
    record(nodes=nodes, hosts=[node.name for node in inventory if state.is_host_in_limit(node)])
    show_operations()
