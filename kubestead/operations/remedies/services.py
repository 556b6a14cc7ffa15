"""The least remedies: the kubelet started anew, or containerd and then the kubelet. Containers run on."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping

from pyinfra import host, state
from pyinfra.api import FunctionCommand, StringCommand, operation
from pyinfra.api.host import Host

from kubestead.facts.node import ApiNode, Clock, NodeView
from kubestead.facts.service import Service, Services
from kubestead.operations.flow import failure
from kubestead.operations.remedies.watch import CONTAINERD, KUBELET, until_ready
from kubestead.operations.steps import attempt, told
from kubestead.render import render

Commands = Generator[StringCommand | FunctionCommand, None, None]
# Past this a service hangs in the kernel, where no signal reaches it.
TIMEOUT_SECONDS = 60


@operation()
def restart_kubelet(control_plane: Host, force: bool = False, force_if: Callable[[], bool] | None = None) -> Commands:
    """Start a node's kubelet anew, then watch its lease and its Ready condition; a healthy node is left alone.

    Args:
        control_plane: the host whose API is asked how the node is.
        force: do it even though the node is well.
        force_if: asked when the operation's turn comes: True counts as ``force``.
    """
    yield from _restart((KUBELET,), control_plane, force or bool(force_if and force_if()))


@operation()
def restart_containerd(control_plane: Host, force: bool = False) -> Commands:
    """Start containerd anew, then the kubelet, and watch the node come back; a healthy node is left alone.

    Containers run on: containerd's unit ends containerd alone (KillMode=process), and it finds them again.

    Args:
        control_plane: the host whose API is asked how the node is.
        force: do it even though the node is well.
    """
    yield from _restart((CONTAINERD, KUBELET), control_plane, force)


def restart_script(unit: str, service: Service, start: bool = True) -> str:
    """The script that starts ``unit`` anew, or only makes it startable, given what is the matter with it."""
    return render(
        "restart-service.sh.j2",
        unit=unit,
        masked="masked" in (service.load, service.enabled) or service.enabled == "masked-runtime",
        disabled=service.enabled != "enabled",
        reload=service.needs_reload,
        frozen=service.frozen,
        deaf=service.active == "active" and not service.runs,
        start=start,
    )


def _restart(units: tuple[str, ...], control_plane: Host, force: bool) -> Commands:
    found = host.get_fact(Services, units=units)
    services = {unit: found[unit] for unit in units if unit in found}
    absent = [unit for unit in units if unit not in services or services[unit].load == "not-found"]
    if absent:
        yield failure(
            f"{host.name}: has no {absent[0].removesuffix('.service')} that systemd knows; "
            f"put it back: pyinfra INVENTORY deploys/restore_node.py --limit {host.name}"
        )
        return
    before: NodeView = control_plane.get_fact(ApiNode, node=host.name)
    if all(service.runs for service in services.values()) and before.well and not force:
        host.noop(f"the node is well ({before}) and {_told(services)}; --data force=true does it all the same")
        return
    if state.is_executing:
        told(host, f"before: {_told(services)}; {before}")
    for unit, service in services.items():
        yield StringCommand(restart_script(unit, service), _timeout=TIMEOUT_SECONDS)
    yield FunctionCommand(attempt(_come_back), (control_plane,), {})


def _told(services: Mapping[str, Service]) -> str:
    return "; ".join(f"{unit.removesuffix('.service')} {service}" for unit, service in services.items())


def _come_back(host: Host, control_plane: Host) -> None:
    # The lease's time is written by the kubelet, from this same clock; it takes longer to start than this to ask.
    until_ready(host, control_plane, since=host.get_fact(Clock))
