"""The watcher's limits. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from kubestead.diagnose import Remedy


@dataclass(frozen=True)
class Settings:
    """How long is long, and how much is too much; times in seconds.

    A kubelet renews its lease every 10 s (at most 4 % later) and the node lifecycle controller waits 40 s before it
    calls a node Unknown, both by default in Kubernetes 1.31.

    Args:
        look_after: age of a lease at which the node is looked at over SSH: one renewal is overdue by 2 s. Looking
            changes nothing, and has its answer when ``act_after`` comes.
        act_after: age of a lease from which a node is not healthy any more, and may be touched.
        not_ready_after: how long Ready may be other than True: a kubelet that was restarted is, for some seconds.
        young: age of a Node object, in seconds, below which a node that was never well is left to whoever builds it.
        missing_after: how long the object of a node that was in the cluster may be missing.
        confirm_after: how long a node must be unwell, with the same cause seen twice, before it is rebooted, rejoined
            or handed to a person; a host that somebody reboots is back by then, or nearly.
        fresh: how old a diagnosis may be when a remedy is chosen by it.
        look_again: the first wait between two diagnoses that led to nothing; it doubles up to ``look_at_least``.
        max_unhealthy: share of all nodes, 0 to 1; see :func:`kubestead.recovery.guards.storm`.
        parallel: how many nodes are worked on at a time, where the share allows as many.
        budget: climbs of the ladder per node and ``budget_window``.
        cool_down: least wait after a node recovered until it is climbed for again; doubles with every climb.
        back_off: the same after a climb that failed.
        stable: how long a node must be well to be called recovered.
        api_silent_after: how long nothing may come from the API before it counts as not answering.
    """

    look_after: float = 12
    act_after: float = 15
    not_ready_after: float = 20
    young: float = 600
    missing_after: float = 15
    confirm_after: float = 60
    fresh: float = 30
    look_again: float = 10
    look_at_least: float = 600
    max_unhealthy: float = 0.4
    parallel: int = 3
    budget: int = 3
    budget_window: float = 6 * 3600
    cool_down: float = 60
    back_off: float = 300
    stable: float = 30
    api_silent_after: float = 20


# Seconds until a remedy's process group is killed; a deploy ends by itself long before.
TIME_LIMIT: dict[Remedy, float] = {
    Remedy.RESTART_KUBELET: 180,
    Remedy.RESTART_CONTAINERD: 240,
    Remedy.RESTART_CILIUM: 300,
    Remedy.RENEW_KUBELET_CERTIFICATE: 240,
    Remedy.FREE_DISK: 300,
    Remedy.RESTORE_NODE: 600,
    Remedy.REBOOT: 1200,
    Remedy.REJOIN: 1200,
    Remedy.POWER_CYCLE: 300,
    Remedy.OUT_OF_SERVICE: 60,
}
DIAGNOSIS_LIMIT = 90.0
# Seconds a node has, after its remedy ended well, to be well for ``stable``: the pod network needs its time.
VERIFY_LIMIT: dict[Remedy, float] = {
    remedy: 420.0 if remedy in (Remedy.REBOOT, Remedy.REJOIN, Remedy.POWER_CYCLE) else 180.0 for remedy in Remedy
}
