"""Remedies for a node that fell over; each ends with what it saw."""

from __future__ import annotations

import time
from collections.abc import Generator

from pyinfra import host, logger
from pyinfra.api import FunctionCommand, StringCommand, operation
from pyinfra.api.host import Host
from pyinfra.api.state import State

from kubestead.facts.node import ApiNode, Clock, NodeView
from kubestead.facts.systemd import UnitStates
from kubestead.operations.flow import failure

KUBELET = "kubelet.service"
# The kubelet renews its lease every 10 s and needs a few seconds to start; past this it is not coming back by itself.
WITHIN_SECONDS = 90


@operation()
def restart_kubelet(control_plane: Host, force: bool = False) -> Generator[StringCommand | FunctionCommand, None, None]:
    """Restart a node's kubelet, then watch its lease and its Ready condition; a healthy node is left alone.

    Args:
        control_plane: the host whose API is asked how the node is.
        force: restart it even though the node is Ready and its kubelet runs.
    """
    unit = host.get_fact(UnitStates, units=(KUBELET,)).get(KUBELET)
    if unit is None or unit.load == "not-found":
        yield failure(f"{host.name}: has no kubelet; is it a node? build it: pyinfra INVENTORY deploys/cluster.py")
        return
    before: NodeView = control_plane.get_fact(ApiNode, node=host.name)
    if unit.active == "active" and before.ready == "True" and not force:
        host.noop("the kubelet runs and the node is Ready; --data force=true restarts it all the same")
        return
    logger.info(f"{host.print_prefix}before: kubelet {unit.active} and {unit.enabled}, Ready={before.ready}")
    unmask = "systemctl unmask --quiet kubelet.service; " if unit.load == "masked" else ""
    yield StringCommand(f"{unmask}systemctl enable --quiet kubelet.service && systemctl restart kubelet.service")
    yield FunctionCommand(_until_ready, (control_plane,), {})


def _until_ready(state: State, host: Host, control_plane: Host) -> bool:
    started = time.monotonic()
    # The lease's time is written by the kubelet, from this same clock; the old kubelet may have renewed it to the last.
    restarted = host.get_fact(Clock)
    while True:
        view: NodeView = control_plane.get_fact(ApiNode, node=host.name)
        elapsed = time.monotonic() - started
        if view.ready == "True" and view.lease_renewed and restarted and view.lease_renewed > restarted:
            logger.info(f"{host.print_prefix}after: Ready=True and a new lease, {elapsed:.0f} s after the restart")
            return True
        if elapsed > WITHIN_SECONDS:
            logger.error(
                f"{host.print_prefix}still Ready={view.ready}, lease {view.lease_renewed}, after {elapsed:.0f} s; "
                f"next: on {host.name}: sudo journalctl -u kubelet -n 50"
            )
            return False
        time.sleep(1)  # between two looks
