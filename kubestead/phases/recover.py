"""Recovery of the nodes of a run, one after the other: diagnose, the least remedy, diagnose again, hand over."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any

from paramiko import SSHException
from pyinfra import host, inventory, state
from pyinfra.api import FunctionCommand, operation
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host

from kubestead.diagnose import Cause, Diagnosis, Remedy
from kubestead.operations import remedies
from kubestead.operations.remedies.drain import uncordon_ours
from kubestead.operations.remedies.powering import back_in_service, out_of_service, power_cycle
from kubestead.operations.steps import StepFailed, attempt, told
from kubestead.phases.look import look
from kubestead.phases.restore import restore_node
from kubestead.phases.topology import asked_control_plane, node_address
from kubestead.spec import ClusterSpec, NodeSpec

# After a remedy a Cilium agent and the pods' conditions need some time to be told well.
SETTLE_SECONDS = 60
# A kubelet that was started anew calls its pods unready until it has probed each (kubernetes #100277); Cilium's agent
# is probed every 5 s.
STEADY_SECONDS = 10
BETWEEN_LOOKS = 2


def recover(spec: ClusterSpec) -> None:
    """Recover the present host, and the first of the run those nodes that cannot be reached.

    The run ends with exit code 1 where a node is handed over to a person.
    """
    climb(name="Recover", spec=spec, control_plane=asked_control_plane(), _serial=True)
    if host.name == min(node.name for node in state.active_hosts) and _unreached():
        climb_from_outside(name="Recover from outside", control_plane=asked_control_plane())


@operation(is_idempotent=False, _set_in_op=False)
def climb(spec: ClusterSpec, control_plane: Host) -> Generator[FunctionCommand, None, None]:
    """Diagnose the present host and take the ladder's rungs for its cause, each once, until it is healthy.

    Args:
        spec: the cluster.
        control_plane: the host whose API is asked.
    """
    yield FunctionCommand(attempt(_climb), (spec, control_plane), {})


@operation(is_idempotent=False)
def climb_from_outside(control_plane: Host) -> Generator[FunctionCommand, None, None]:
    """The same for nodes SSH cannot reach: only their power is left, where the site has commands for it.

    Args:
        control_plane: the host whose API is asked.
    """
    yield FunctionCommand(attempt(_climb_from_outside), (control_plane,), {})


def _climb(node: Host, spec: ClusterSpec, control_plane: Host) -> None:
    rungs = _rungs(node, spec, control_plane)
    taken: list[tuple[Cause, Remedy]] = []
    diagnosis = _diagnose(node)
    while diagnosis.cause is not Cause.HEALTHY:
        if diagnosis.cause is Cause.CORDONED and uncordon_ours(node, control_plane):
            diagnosis = _diagnose(node)
            continue
        rung = next(
            (one for one in diagnosis.remedies if one in rungs and (diagnosis.cause, one) not in taken),
            None,
        )
        if rung is None:
            raise StepFailed(handed_over(diagnosis, taken))
        told(node, f"{diagnosis.cause}: takes {rung}")
        taken.append((diagnosis.cause, rung))
        helped = _take(node, rungs[rung])
        diagnosis = _settled(node) if helped else _diagnose(node)
    back_in_service(node, control_plane)
    told(node, f"healthy{f' after {_names(taken)}' if taken else ': nothing to do'}")


def _rungs(node: Host, spec: ClusterSpec, control_plane: Host) -> dict[Remedy, Callable[[], object]]:
    """How each rung is taken. A diagnosis has said that the node is ill: they need not ask whether it is."""
    on: dict[str, Any] = {"control_plane": control_plane, "force": True}
    return {
        Remedy.RESTART_KUBELET: lambda: remedies.restart_kubelet(name="Restart the kubelet", **on),
        Remedy.RESTART_CONTAINERD: lambda: remedies.restart_containerd(name="Restart containerd", **on),
        Remedy.RESTORE_NODE: lambda: restore_node(spec=spec),
        Remedy.RENEW_KUBELET_CERTIFICATE: lambda: remedies.renew_kubelet_certificate(name="Renew certificate", **on),
        Remedy.RESTART_CILIUM: lambda: remedies.restart_cilium(name="Restart the Cilium agent", **on),
        Remedy.FREE_DISK: lambda: remedies.free_disk(name="Free the disk", **on),
        # Not over budgets: pods that a budget keeps are a person's to move.
        Remedy.REBOOT: lambda: remedies.reboot(name="Reboot", **on),
        Remedy.REJOIN: lambda: remedies.rejoin(
            name="Rejoin",
            spec=spec,
            node_spec=NodeSpec.load(node.data, node.name),
            node_address=node_address(node),
            **on,
        ),
    }


def _take(node: Host, remedy: Callable[[], object]) -> bool:
    try:
        remedy()
    except (PyinfraError, StepFailed) as error:  # told already where it failed
        told(node, f"it did not help ({type(error).__name__})")
        return False
    return True


def _climb_from_outside(_: Host, control_plane: Host) -> None:
    failed = []
    for node in _unreached():
        try:
            failure = _from_outside(node, control_plane)
        except (PyinfraError, SSHException, OSError) as error:
            failure = f"{node.name}: lost on the way: {str(error) or type(error).__name__}"
        if failure:
            failed.append(failure)
        else:  # pyinfra counts it as failed since it could not connect
            state.failed_hosts.discard(node)
    if failed:
        raise StepFailed("\n".join(failed))


def _from_outside(node: Host, control_plane: Host) -> str | None:
    """Recover one node by its power; why it is handed over, or None."""
    diagnosis = _diagnose(node)
    rungs = {Remedy.POWER_CYCLE: power_cycle, Remedy.OUT_OF_SERVICE: out_of_service}
    taken: list[tuple[Cause, Remedy]] = []
    reasons = []
    for rung in (one for one in diagnosis.remedies if one in rungs):
        told(node, f"{diagnosis.cause}: takes {rung}")
        taken.append((diagnosis.cause, rung))
        try:
            rungs[rung](node, control_plane)
        except StepFailed as error:
            reasons.append(str(error))
            continue
        if rung is Remedy.POWER_CYCLE:
            return None
    return "\n".join([handed_over(diagnosis, taken), *reasons])


def _diagnose(node: Host) -> Diagnosis:
    (diagnosis,) = look([node])
    told(node, f"{diagnosis.cause}: {diagnosis.evidence[0] if diagnosis.evidence else diagnosis.cause.summary}")
    return diagnosis


def _settled(node: Host) -> Diagnosis:
    """The diagnosis once it has been healthy for a while, or what it is when the time is up."""
    end = time.monotonic() + SETTLE_SECONDS
    well_since = None
    while True:
        (diagnosis,) = look([node])
        now = time.monotonic()
        well_since = (well_since or now) if diagnosis.cause is Cause.HEALTHY else None
        if (well_since and now - well_since >= STEADY_SECONDS) or now > end:
            return diagnosis
        time.sleep(BETWEEN_LOOKS)


def _unreached() -> list[Host]:
    """Nodes this run was limited to and has no connection to."""
    return [node for node in inventory if state.is_host_in_limit(node) and node not in state.active_hosts]


def handed_over(diagnosis: Diagnosis, taken: list[tuple[Cause, Remedy]]) -> str:
    """What a person gets: the finding, what was tried, the next command."""
    tried = f"tried: {_names(taken)}" if taken else "no remedy may help here"
    evidence = "; ".join(diagnosis.evidence) or diagnosis.cause.summary
    return f"{diagnosis.node}: handed over: {diagnosis.cause}: {evidence}; {tried}; next: {diagnosis.advice}"


def _names(taken: list[tuple[Cause, Remedy]]) -> str:
    return ", ".join(remedy.value for _, remedy in taken)
