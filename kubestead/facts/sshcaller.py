"""Where this run comes from, as the host sees it."""

from __future__ import annotations

from pyinfra.api import FactBase


class SshCaller(FactBase[str | None]):
    """The address an SSH connection to the host comes from; None where it is none. Asked without sudo, which hides it.

    Behind a jump host it is the jump host's.
    """

    @staticmethod
    def default() -> None:
        return None

    def command(self) -> str:
        return 'echo "${SSH_CONNECTION%% *}"'

    def process(self, output: list[str]) -> str | None:
        return (output[0].strip() or None) if output else None
