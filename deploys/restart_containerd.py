"""Restart containerd and the kubelet of a node that is not well, and watch the node come back; containers run on.

pyinfra inventory/lab.py deploys/restart_containerd.py --limit k8s-worker1
"""

from pyinfra import host

from kubestead.operations.remedies import restart_containerd
from kubestead.phases.run import begin_run
from kubestead.phases.topology import asked_control_plane

begin_run()
restart_containerd(
    name="Restart containerd and the kubelet",
    control_plane=asked_control_plane(),
    force=bool(host.data.get("force", False)),
)
