"""Remedies for a node that fell over, least first. Each leaves a healthy node alone and ends with what it saw.

Every operation here works on the present host, the node, and asks or orders on a control plane what only the API can
tell or do; that host need not be part of the run, so that ``--limit NODE`` is enough.
"""

from kubestead.operations.remedies.certificate import renew_kubelet_certificate
from kubestead.operations.remedies.cilium import restart_cilium
from kubestead.operations.remedies.disk import free_disk
from kubestead.operations.remedies.rebooting import reboot
from kubestead.operations.remedies.rejoining import rejoin
from kubestead.operations.remedies.services import restart_containerd, restart_kubelet

__all__ = [
    "free_disk",
    "reboot",
    "rejoin",
    "renew_kubelet_certificate",
    "restart_cilium",
    "restart_containerd",
    "restart_kubelet",
]
