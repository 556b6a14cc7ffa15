"""Workers: join the cluster, all at once."""

from __future__ import annotations

from pyinfra import host
from pyinfra.api.deploy import deploy

from kubestead.operations import kubeadm
from kubestead.phases.topology import first_control_plane, node_address
from kubestead.spec import ClusterSpec


@deploy("Worker")
def join_worker(spec: ClusterSpec) -> None:
    """Join the present host to the cluster."""
    kubeadm.join(name="kubeadm join", spec=spec, node_address=node_address(host), control_plane=first_control_plane())
