"""What is said where a host answers SSH and is not to be used, above all over its key. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from paramiko import PKey
from pyinfra.api.exceptions import ConnectError

from kubestead.connection.knownhosts import Known
from kubestead.errors import KubesteadError

CHANGED = """\
its SSH host key has changed, so nothing was sent to it
      Who answers at {address} shows another key than the one that is trusted. Either {name} was reinstalled, or its
      address went to another machine, or somebody stands in between who would get all that this run sends, as root.
      trusted: {trusted}
      shown:   {shown}
      If you know that it was reinstalled, compare with its own console
      (ssh-keygen -lf /etc/ssh/{file}) and run: {command}"""
UNKNOWN = """\
its SSH host key is not known in {path}, and host_keys is strict, so nothing was sent to it
      shown:   {shown}
      Compare with its own console (ssh-keygen -lf /etc/ssh/{file}) and run: {command}"""


class Refused(ConnectError):
    """SSH answers, and yet nothing can be done there: it is no dead host.

    Args:
        words: the whole of it, for the person at the terminal.
        reason: in one line.
        fix: the next command, or what to do.
    """

    def __init__(self, words: str, reason: str, fix: str) -> None:
        super().__init__(words)
        self.reason, self.fix = reason, fix


class KeyRefused(KubesteadError):
    """A host's key is not the one that is trusted.

    Args:
        address: how known_hosts names the host.
        path: the known_hosts file.
        shown: the key it showed.
        present: the lines about it; none: it is unknown, and unknown ones are refused.
    """

    def __init__(self, address: str, path: Path, shown: PKey, present: Sequence[Known] = ()) -> None:
        super().__init__(f"the SSH host key of {address} is not one that {path} has")
        self.address, self.path, self.shown, self.present = address, path, shown, present

    def of(self, name: str, command: str) -> Refused:
        """For the person at the terminal; the arguments are those of :meth:`words`."""
        words = self.words(name, command)
        return Refused(words, words.partition("\n")[0], f"only if you know why the key is another: {command}")

    def words(self, name: str, command: str) -> str:
        """The same as text.

        Args:
            name: the host's, as the inventory or the site file has it.
            command: what makes the new key trusted.
        """
        kinds = {"ssh-rsa": "rsa", "ssh-ed25519": "ed25519"}
        kind = kinds.get(self.shown.get_name(), "ecdsa")
        return (CHANGED if self.present else UNKNOWN).format(
            name=name,
            address=self.address,
            path=self.path,
            trusted=", ".join(told(entry, self.path) for entry in self.present),
            shown=fingerprint(self.shown),
            file=f"ssh_host_{kind}_key.pub",
            command=command,
        )


def fingerprint(key: PKey) -> str:
    """``SHA256:... (ssh-ed25519)``, as ssh-keygen -l shows it."""
    return f"{key.fingerprint} ({key.get_name()})"


def told(entry: Known, path: Path) -> str:
    """A line of known_hosts: its key, and where it stands."""
    return f"{fingerprint(entry.key) if entry.key else 'unreadable'}, {path} line {entry.line}"
