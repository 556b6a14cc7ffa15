"""The hosts' SSH keys as this machine trusts them: seen on a live connection, else kept in known_hosts."""

from __future__ import annotations

from pathlib import Path

from paramiko import PKey, SSHClient
from pyinfra.api.host import Host

from kubestead.connection.knownhosts import known, name_of

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
    name = name_of(str(node.data.get("ssh_hostname") or node.name), int(node.data.get("ssh_port") or 22))
    try:
        keys = [entry.key for entry in known(path, name) if entry.key]
    except OSError:
        return None
    return next((key for key in keys if key.get_name() == "ssh-ed25519"), next(iter(keys), None))
