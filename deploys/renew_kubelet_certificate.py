"""Give a node whose kubelet certificate is expired, broken or of another CA a new one.

pyinfra inventory/lab.py deploys/renew_kubelet_certificate.py --limit k8s-worker1
"""

from pyinfra import host

from kubestead.operations.remedies import renew_kubelet_certificate
from kubestead.phases.run import begin_run
from kubestead.phases.topology import asked_control_plane

begin_run()
renew_kubelet_certificate(
    name="Renew the kubelet's certificate",
    control_plane=asked_control_plane(),
    force=bool(host.data.get("force", False)),
)
