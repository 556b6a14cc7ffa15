"""Restart the kubelet of a node that is not Ready, and watch the node come back.

pyinfra inventory/lab.py deploys/restart_kubelet.py --limit k8s-worker1
"""

from pyinfra import host

from kubestead.operations.remedies import restart_kubelet
from kubestead.phases.run import begin_run
from kubestead.phases.topology import asked_control_plane

begin_run()
restart_kubelet(
    name="Restart the kubelet", control_plane=asked_control_plane(), force=bool(host.data.get("force", False))
)
