"""The hosts' SSH keys as this machine trusts them: seen on a live connection, else kept in known_hosts."""

from __future__ import annotations

from pathlib import Path

from paramiko import HostKeys, PKey, SSHClient
from pyinfra.api.host import Host

_DEFAULT = "~/.ssh/known_hosts"


def trusted_host_key(node: Host) -> str | None:
    """The key of ``node``, ``ssh-ed25519 AAAA...``; None where this machine has never seen the host.

    A connected host has proved its key by now, under the policy the site file gives.
    """
    key = _of_connection(node) or _of_file(node)
    return f"{key.get_name()} {key.get_base64()}" if key else None


def _of_connection(node: Host) -> PKey | None:
    client: SSHClient | None = getattr(node.connector, "client", None)
    transport = client.get_transport() if client else None
    return transport.get_remote_server_key() if transport else None


def _of_file(node: Host) -> PKey | None:
    path = Path(node.data.get("ssh_known_hosts_file") or _DEFAULT).expanduser()
    if not path.is_file():
        return None
    name = str(node.data.get("ssh_hostname") or node.name)
    port = int(node.data.get("ssh_port") or 22)
    found = HostKeys(str(path)).lookup(name if port == 22 else f"[{name}]:{port}")
    return (found.get("ssh-ed25519") or next(iter(found.values()), None)) if found else None
