"""Everything preflight wants to know of a host, by one command in one round trip."""

from __future__ import annotations

from pathlib import Path

from pyinfra.api import FactBase
from pyinfra.api.exceptions import FactProcessError

from kubestead.preflight.model import HostInfo
from kubestead.preflight.parse import host_info

SCRIPT = Path(__file__).with_name("host.sh")


class HostFacts(FactBase[HostInfo | None]):
    """What the host is and what is on it; None when it could not be read.

    Read-only, about 0.1 s on the host, and nothing is needed there beyond what a minimal Ubuntu or Debian has:
    ``pyinfra inventory/lab.py fact kubestead.facts.host.HostFacts``
    """

    @staticmethod
    def default() -> None:
        return None

    def command(self) -> str:
        return SCRIPT.read_text()

    def process(self, output: list[str]) -> HostInfo:
        try:
            return host_info(output)
        except ValueError as error:
            raise FactProcessError(str(error)) from error
