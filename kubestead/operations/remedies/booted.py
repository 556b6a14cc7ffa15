"""Which boot a host is in, asked over a connection of its own."""

from __future__ import annotations

from paramiko import SSHException
from pyinfra.api import StringCommand
from pyinfra.api.host import Host

from kubestead.facts.boot import BootId

# Firmware of servers alone may take minutes.
BOOT_SECONDS = 600


def boot_id(host: Host) -> str | None:
    """The present boot's id; None where the host cannot be reached.

    Over a new connection: the one of before, to a host that went away, would hang until its time is up.
    """
    client = getattr(host.connector, "client", None)
    if client:
        client.close()
    host.connected = False
    host.connect(show_errors=False)
    if not host.connected:
        return None
    try:
        ok, output = host.run_shell_command(StringCommand(BootId().command()), _timeout=10)
    except (SSHException, OSError, EOFError):
        return None
    return output.stdout_lines[0].strip() if ok and output.stdout_lines else None
