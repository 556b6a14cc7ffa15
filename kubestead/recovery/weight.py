"""What a remedy takes from a node that still runs pods. Pure."""

from __future__ import annotations

from enum import IntEnum

from kubestead.diagnose import Remedy


class Weight(IntEnum):
    """From what costs nothing to what costs the node's pods."""

    SERVICE = 1
    """A service is restarted; pods go on, and nothing on disk changes."""
    REPAIR = 2
    """Files of the node are written or removed; pods go on."""
    DISRUPTIVE = 3
    """The node's pods end."""


WEIGHT: dict[Remedy, Weight] = {
    Remedy.RESTART_KUBELET: Weight.SERVICE,
    Remedy.RESTART_CONTAINERD: Weight.SERVICE,
    Remedy.RESTART_CILIUM: Weight.SERVICE,
    Remedy.RESTORE_NODE: Weight.REPAIR,
    Remedy.RENEW_KUBELET_CERTIFICATE: Weight.REPAIR,
    Remedy.FREE_DISK: Weight.REPAIR,
    Remedy.REBOOT: Weight.DISRUPTIVE,
    Remedy.REJOIN: Weight.DISRUPTIVE,
    Remedy.POWER_CYCLE: Weight.DISRUPTIVE,
    Remedy.OUT_OF_SERVICE: Weight.DISRUPTIVE,
}
# What needs the site's power commands.
NEEDS_POWER = (Remedy.POWER_CYCLE, Remedy.OUT_OF_SERVICE)
