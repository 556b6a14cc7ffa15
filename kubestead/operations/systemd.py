"""Operations on systemd services."""

from __future__ import annotations

from collections.abc import Callable, Generator

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand, operation

from kubestead.facts.systemd import UnitStates, WrittenSinceStart
from kubestead.operations import shown

# One that crashes is started again by systemd itself, and is now "active" and now "activating".
_SYSTEMD_IS_AT_IT = ("active", "activating", "reloading")


@operation()
def service(
    unit: str, running: bool = True, restart_if: Callable[[], bool] | None = None, files: tuple[str, ...] = ()
) -> Generator[StringCommand, None, None]:
    """Have a service enabled at boot and, if ``running``, active now, with its present program and unit file.

    Args:
        unit: the service, ``containerd.service``.
        running: False enables it only (a kubelet before its cluster exists only crash-loops).
        restart_if: whether this run replaces any of its files, asked when the operation's turn comes; see
            :func:`kubestead.operations.flow.changed`.
        files: what it reads as it starts; one that was written later was written by a run that was killed before it
            could restart the service.
    """
    state = host.get_fact(UnitStates, units=(unit,)).get(unit)
    replaced = bool(restart_if and restart_if())
    if files and running and not replaced:
        replaced = bool(host.get_fact(WrittenSinceStart, unit=unit, files=files))
    commands = []
    if state and state.load == "masked":
        commands.append(StringCommand("systemctl", "unmask", "--quiet", QuoteString(unit)))
    # What else read the unit files meanwhile (a package's own script) must not make the plan a lie.
    if state is None or state.needs_reload or state.load == "not-found" or (replaced and not running):
        commands.append(StringCommand("systemctl", "daemon-reload"))
    if state is None or state.enabled != "enabled":
        commands.append(StringCommand("systemctl", "enable", "--quiet", QuoteString(unit)))
    if running and (state is None or state.active not in _SYSTEMD_IS_AT_IT):
        commands.append(StringCommand("systemctl", "start", QuoteString(unit)))
    elif running and (replaced or (state and (state.needs_reload or state.outdated))):
        commands.append(StringCommand("systemctl", "restart", QuoteString(unit)))
    if commands:
        was = f"{state.active}, {state.enabled or state.load}" if state else "not known"
        shown.show(f"{unit}: {was} -> {', '.join(str(command.bits[1]) for command in commands)}")
    if not commands:
        host.noop(f"{unit} is enabled{' and running' if running else ''}")
    yield from commands
