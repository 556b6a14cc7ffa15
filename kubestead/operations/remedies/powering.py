"""A node nobody can reach: its power by the site's commands, and its pods set free once it is proven off."""

from __future__ import annotations

import time
from collections.abc import Mapping

from paramiko import SSHException
from pyinfra.api import QuoteString
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host

from kubestead import power
from kubestead.errors import KubesteadError
from kubestead.facts.node import ApiNode, NodeView
from kubestead.facts.nodemarks import Marks, NodeMarks
from kubestead.health import KUBECTL
from kubestead.marks import OUT_OF_SERVICE
from kubestead.operations.remedies.booted import BOOT_SECONDS, boot_id
from kubestead.operations.remedies.cilium import until_agent_ready
from kubestead.operations.remedies.watch import until_ready
from kubestead.operations.steps import StepFailed, ask, told

READY_SECONDS = 180


def power_cycle(host: Host, control_plane: Host) -> None:
    """Cut the node's power, switch it on, and watch it come back; a node that is off is only switched on.

    Raises:
        StepFailed: the site gives no commands for it, they failed, or the node did not come back.
    """
    commands = _commands(host)
    state = power.status(commands)
    before = _view(host, control_plane)
    told(host, f"before: power {state or 'unknown'}; {before}")
    if before.well or (before.exists is None and state != "off"):
        raise StepFailed(f"{host.name}: {before}: its power is not cut while it may be well; try: ssh -v {host.name}")
    try:
        power.cycle(commands)
    except KubesteadError as error:
        raise StepFailed(f"{host.name}: {error}") from None
    started = time.monotonic()
    while not (boot := boot_id(host)):
        if time.monotonic() - started > BOOT_SECONDS:
            raise StepFailed(f"{host.name}: has power, and no SSH after {BOOT_SECONDS} s; look at its console")
        time.sleep(1)  # between two looks
    told(host, f"booted anew after {time.monotonic() - started:.0f} s")
    until_ready(host, control_plane, since=before.lease_renewed, boot_id=boot, within_seconds=READY_SECONDS)
    until_agent_ready(host, control_plane, since=before.lease_renewed)
    back_in_service(host, control_plane)


def out_of_service(host: Host, control_plane: Host) -> None:
    """Taint the node out of service, so that its pods start elsewhere; only while its power is proven off.

    Raises:
        StepFailed: its power is on or unknown: two copies of a pod could then write the same data.
    """
    state = power.status(_commands(host))
    if state != "off":
        raise StepFailed(
            f"{host.name}: its power is {state or 'unknown'}, not proven off; its pods stay with it; "
            f"make sure by hand, then: {KUBECTL} taint node {host.name} {OUT_OF_SERVICE}=nodeshutdown:NoExecute"
        )
    taint = QuoteString(f"{OUT_OF_SERVICE}=nodeshutdown:NoExecute")
    ask(
        control_plane,
        KUBECTL, "--request-timeout=10s taint --overwrite node", QuoteString(host.name), taint, "> /dev/null",
        what=f"taking {host.name} out of service",
    )  # fmt: skip
    told(host, "is off, and out of service: its pods start elsewhere")


def back_in_service(host: Host, control_plane: Host) -> None:
    """Take that taint off again, where it is."""
    marks = control_plane.get_fact(NodeMarks)
    if not any(taint.startswith(OUT_OF_SERVICE) for taint in marks.get(host.name, Marks()).taints):
        return
    ask(
        control_plane,
        KUBECTL, "--request-timeout=10s taint node", QuoteString(host.name), f"{OUT_OF_SERVICE}-", "> /dev/null",
        what=f"taking {host.name} into service",
    )  # fmt: skip
    told(host, "is in service again")


def _view(host: Host, control_plane: Host) -> NodeView:
    """The node as the API has it; nothing is known where the control plane cannot be asked, which may be this host."""
    try:
        view: NodeView = control_plane.get_fact(ApiNode, node=host.name)
    except (PyinfraError, SSHException, OSError):
        return NodeView()
    return view


def _commands(host: Host) -> Mapping[str, str]:
    commands: Mapping[str, str] | None = host.data.get("kubestead_power")
    if not commands:
        raise StepFailed(
            f"{host.name}: the site gives no commands for its power; write hosts.{host.name}.power in the site file, "
            "or switch it off and on by hand"
        )
    return commands
