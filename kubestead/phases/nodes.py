"""What the inventory says of single nodes: their labels and taints."""

from __future__ import annotations

from pyinfra.api.deploy import deploy

from kubestead.operations.nodes import marked
from kubestead.phases.topology import CONTROL_PLANE, WORKERS, present
from kubestead.spec import NodeSpec


@deploy("Nodes")
def mark_nodes() -> None:
    """Labels and taints of the nodes that have any in the site file or in ``group_data/<group>.py``.

    Of the hosts of this run alone: another may not be in the cluster yet.
    """
    nodes = [*present(CONTROL_PLANE), *present(WORKERS)]
    specs = {node.name: NodeSpec.load(node.data, node.name) for node in nodes}
    wanted = {name: spec for name, spec in specs.items() if spec.labels or spec.taints}
    if wanted:
        marked(name="Labels and taints", nodes=wanted)
