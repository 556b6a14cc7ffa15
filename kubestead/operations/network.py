"""Operations on the host's network manager."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import FileUploadCommand, StringCommand, operation

from kubestead.facts.systemd import UnitStates
from kubestead.operations.files import TextFile, install_files
from kubestead.render import render


@operation()
def leave_foreign_routes_alone() -> Generator[StringCommand | FileUploadCommand, None, None]:
    """Tell systemd-networkd not to delete routes and rules it did not make (cilium #18706)."""
    unit = host.get_fact(UnitStates, units=("systemd-networkd.service",)).get("systemd-networkd.service")
    file = TextFile("/etc/systemd/networkd.conf.d/10-kubestead.conf", render("networkd.conf.j2"))
    changes = list(install_files._inner([file]))
    yield from changes
    if changes and unit and unit.active == "active":
        # Its reload re-reads .network files only; networkd.conf needs a restart, which keeps links and addresses.
        yield StringCommand("systemctl", "restart", "systemd-networkd.service")
