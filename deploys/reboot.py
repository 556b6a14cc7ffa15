"""Cordon, drain and reboot nodes one by one; each is given back once it is well. A PodDisruptionBudget may forbid it.

pyinfra inventory/lab.py deploys/reboot.py --limit k8s-worker1 [--data drain_seconds=300]
force=true: a healthy node too. over_budgets=true: also with pods that a budget keeps or that nobody makes anew.
over_quorum=true: also a control plane without which etcd has no majority for a while.
"""

from pyinfra import host

from kubestead.operations.remedies import reboot
from kubestead.operations.remedies.rebooting import DRAIN_SECONDS
from kubestead.phases.run import begin_run
from kubestead.phases.topology import asked_control_plane

begin_run()
reboot(
    name="Reboot",
    control_plane=asked_control_plane(),
    force=bool(host.data.get("force", False)),
    drain_seconds=int(host.data.get("drain_seconds", DRAIN_SECONDS)),
    over_budgets=bool(host.data.get("over_budgets", False)),
    over_quorum=bool(host.data.get("over_quorum", False)),
    _serial=True,
)
