"""Operations on the host's network manager."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from kubestead.facts.systemd import UnitStates, WrittenSinceStart
from kubestead.operations.files import TextFile, install_files
from kubestead.render import render

UNIT, FILE = "systemd-networkd.service", "/etc/systemd/networkd.conf.d/10-kubestead.conf"


@operation()
def leave_foreign_routes_alone() -> Generator[StringCommand, None, None]:
    """Tell systemd-networkd not to delete routes and rules it did not make (cilium #18706)."""
    unit = host.get_fact(UnitStates, units=(UNIT,)).get(UNIT)
    changes = list(install_files._inner([TextFile(FILE, render("networkd.conf.j2"))]))
    yield from changes
    # A run that was killed may have written the file and no more.
    if unit and unit.active == "active" and (changes or host.get_fact(WrittenSinceStart, unit=UNIT, files=(FILE,))):
        # Its reload re-reads .network files only; networkd.conf needs a restart, which keeps links and addresses.
        yield StringCommand("systemctl", "restart", UNIT)
