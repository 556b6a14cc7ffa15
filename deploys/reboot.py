"""Cordon, drain and reboot nodes one by one; each is given back once it is well. A PodDisruptionBudget may forbid it.

pyinfra inventory/lab.py deploys/reboot.py --limit k8s-worker1 [--data drain_seconds=300] [--data force=true]
"""

from pyinfra import host

from kubestead.operations.remedies import reboot
from kubestead.operations.remedies.rebooting import DRAIN_SECONDS
from kubestead.phases.topology import first_control_plane

reboot(
    name="Reboot",
    control_plane=first_control_plane(),
    force=bool(host.data.get("force", False)),
    drain_seconds=int(host.data.get("drain_seconds", DRAIN_SECONDS)),
    anyway=bool(host.data.get("force", False)),
    _serial=True,
)
