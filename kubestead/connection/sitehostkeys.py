"""The site's known_hosts as paramiko looks hosts up in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from paramiko import HostKeys, SSHException

from kubestead.connection.knownhosts import known


class SiteHostKeys(HostKeys):
    """The keys in files, for paramiko, which asks for one host at a time."""

    def __init__(self, files: Sequence[str]) -> None:
        super().__init__()
        self._files = [Path(file) for file in files]

    def lookup(self, hostname: str) -> Any:  # paramiko's own class has no name
        """paramiko's mapping of kinds to keys, or None.

        Raises:
            SSHException: a line about the host cannot be read: whether its key changed cannot be told.
        """
        found = HostKeys()
        for file in self._files:
            try:
                entries = known(file, hostname)
            except OSError as error:
                raise SSHException(
                    f"{file} cannot be read: {error.strerror}; correct that, it holds the hosts' keys"
                ) from None
            for entry in entries:
                if entry.key is None:
                    raise SSHException(
                        f"{file} line {entry.line} is about this host and cannot be read; correct that line"
                    )
                found.add(hostname, entry.key.get_name(), entry.key)
        return found.lookup(hostname)
