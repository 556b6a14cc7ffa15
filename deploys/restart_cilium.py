"""Restart the Cilium agent of a node, which also puts its CNI plugin and configuration back.

pyinfra inventory/lab.py deploys/restart_cilium.py --limit k8s-worker1
"""

from pyinfra import host

from kubestead.operations.remedies import restart_cilium
from kubestead.phases.run import begin_run
from kubestead.phases.topology import asked_control_plane

begin_run()
restart_cilium(
    name="Restart the Cilium agent", control_plane=asked_control_plane(), force=bool(host.data.get("force", False))
)
