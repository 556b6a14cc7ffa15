"""Trusting the key of a host that was reinstalled."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paramiko

from kubestead.connection.jump import Hop, Jumps
from kubestead.connection.knownhosts import Known, known, name_of, replace
from kubestead.errors import KubesteadError

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Place:
    """A host, where it is and where its key is kept.

    Args:
        name: the host's, in the inventory or as a jump host.
        address, port: what SSH connects to.
        hops: the jump hosts in front of it.
        file: the known_hosts file.
    """

    name: str
    address: str
    port: int
    hops: tuple[Hop, ...]
    file: Path

    @property
    def entry(self) -> str:
        """What known_hosts calls it."""
        return name_of(self.address, self.port)

    @property
    def trusted(self) -> list[Known]:
        """The lines about it."""
        return known(self.file, self.entry)

    def shown(self) -> paramiko.PKey:
        """The key it shows now. Jump hosts in front of it must show the keys that are trusted.

        Raises:
            KubesteadError: it cannot be reached.
        """
        transport = None
        try:
            target = (self.address, self.port)
            sock: Any = (
                Jumps().channel(self.hops, target, TIMEOUT_SECONDS)
                if self.hops
                else socket.create_connection(target, TIMEOUT_SECONDS)
            )
            transport = paramiko.Transport(sock)
            transport.start_client(timeout=TIMEOUT_SECONDS)
            return transport.get_remote_server_key()
        except (OSError, EOFError, paramiko.SSHException) as error:
            words = f"{self.name}: no SSH server answers at {self.address} port {self.port} ({error}); is it up again?"
            raise KubesteadError(words) from None
        finally:
            if transport:
                transport.close()

    def trust(self, key: paramiko.PKey) -> None:
        """Put the key in place of those that are known."""
        replace(self.file, self.entry, key)


def places(hosts: Sequence[Mapping[str, Any]]) -> dict[str, Place]:
    """Every host of an inventory and every jump host, by name.

    Args:
        hosts: what pyinfra's ``debug-inventory --json`` prints.
    """
    found: dict[str, Place] = {}
    for host in hosts:
        data = host["data"]
        hops = tuple(data.get("kubestead_jump") or ())
        for number, hop in enumerate(hops):
            port, file = int(hop["port"]), _file(hop["known_hosts"])
            found.setdefault(hop["name"], Place(hop["name"], hop["address"], port, hops[:number], file))
        address, port = str(data.get("ssh_hostname") or host["name"]), int(data.get("ssh_port") or 22)
        found[host["name"]] = Place(host["name"], address, port, hops, _file(data.get("ssh_known_hosts_file")))
    return found


def _file(path: object) -> Path:
    return Path(str(path or "~/.ssh/known_hosts")).expanduser()
