"""A node rebooted: emptied first, and given back only when the new boot's kubelet and Cilium agent are well."""

from __future__ import annotations

import time
from collections.abc import Generator

from pyinfra import host
from pyinfra.api import FunctionCommand, operation
from pyinfra.api.host import Host

from kubestead.facts.boot import BootId
from kubestead.facts.etcd import EtcdMembers
from kubestead.facts.node import Clock
from kubestead.health import KUBECTL
from kubestead.operations.remedies.booted import BOOT_SECONDS, boot_id
from kubestead.operations.remedies.cilium import until_agent_ready
from kubestead.operations.remedies.drain import cordon, drain, uncordon
from kubestead.operations.remedies.watch import until_ready
from kubestead.operations.remedies.wellness import Wellness, wellness
from kubestead.operations.steps import StepFailed, ask, attempt, told
from kubestead.recovery.etcd import against

DRAIN_SECONDS = 120
READY_SECONDS = 180
# The inventory's group.
CONTROL_PLANE = "control_plane"


@operation()
def reboot(
    control_plane: Host,
    force: bool = False,
    drain_seconds: int = DRAIN_SECONDS,
    over_budgets: bool = False,
    over_quorum: bool = False,
) -> Generator[FunctionCommand, None, None]:
    """Cordon, drain, reboot, watch the node come back by its boot id, uncordon; a healthy node is left alone.

    Args:
        control_plane: the host whose API is asked.
        force: do it even though the node is well.
        drain_seconds: how long PodDisruptionBudgets may keep pods on the node.
        over_budgets: also with pods that a budget keeps or nobody makes anew; else the node is uncordoned again.
        over_quorum: also a control plane without which etcd has no majority for a while.
    """
    before = wellness(host, control_plane)
    if before.well and not force:
        host.noop(f"the node is well ({before}); --data force=true reboots it all the same")
        return
    yield FunctionCommand(attempt(_reboot), (control_plane, before, drain_seconds, over_budgets, over_quorum), {})


def _reboot(
    host: Host, control_plane: Host, before: Wellness, drain_seconds: int, over_budgets: bool, over_quorum: bool
) -> None:
    told(host, f"before: {before}")
    if CONTROL_PLANE in host.groups and not over_quorum:
        _spared_by_etcd(host, control_plane)
    cordoned = _empty(host, control_plane, before, drain_seconds, over_budgets)
    clock, boot = host.get_fact(Clock), host.get_fact(BootId)
    started = time.monotonic()
    new = _boot_anew(host, boot)
    told(host, f"booted anew after {time.monotonic() - started:.0f} s ({new})")
    try:
        until_ready(host, control_plane, since=clock, boot_id=new, within_seconds=READY_SECONDS)
        until_agent_ready(host, control_plane, since=clock)
    except StepFailed as error:
        raise StepFailed(f"{error}{'; it is left cordoned' if cordoned else ''}") from None
    if cordoned:
        uncordon(host, control_plane)


def _spared_by_etcd(host: Host, control_plane: Host) -> None:
    """Refuse where etcd would lose its majority; the only member of all comes back with all there is."""
    members: dict[str, bool] | None = control_plane.get_fact(EtcdMembers)
    why = against(members, host.name)
    if why and (members is None or members.keys() != {host.name}):
        raise StepFailed(f"{host.name}: {why}; --data over_quorum=true reboots it all the same")


def _empty(host: Host, control_plane: Host, before: Wellness, drain_seconds: int, over_budgets: bool) -> bool:
    """Cordon and drain the node; whether the cordon is ours to lift."""
    if not before.view.exists:
        if not over_budgets:
            raise StepFailed(
                f"{host.name}: cannot be drained: {before.view}; see {KUBECTL} get nodes; "
                "--data over_budgets=true reboots it all the same"
            )
        return False
    cordoned = cordon(host, control_plane, "reboot")
    try:
        drain(host, control_plane, drain_seconds, wait_for_pods=before.view.well, force=over_budgets)
    except StepFailed as error:
        if over_budgets:
            told(host, f"goes on with pods on it: {error}")
            return cordoned
        if cordoned:
            uncordon(host, control_plane)
        raise
    return cordoned


def _boot_anew(host: Host, before: str | None) -> str:
    """Order the reboot and wait for another boot; returns its id."""
    refused: StepFailed | None = None
    try:
        ask(host, "systemctl --no-block reboot", what="rebooting", timeout=30)
    except StepFailed as error:  # or it was so quick that the connection went first
        refused = error
    started = time.monotonic()
    while time.monotonic() - started < (30 if refused else BOOT_SECONDS):
        boot = boot_id(host)
        if boot and boot != before:
            return boot
        time.sleep(1)  # between two looks
    if refused:
        raise refused
    raise StepFailed(
        f"{host.name}: has not booted anew after {BOOT_SECONDS} s; it is left cordoned; look at its console"
    )
