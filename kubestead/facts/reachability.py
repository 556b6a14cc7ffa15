"""Which of its peers' TCP ports a host reaches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pyinfra.api import FactBase, QuoteString, StringCommand

from kubestead.preflight.survey import Probe, Reachability

SCRIPT = Path(__file__).with_name("reachability.bash")
_TIMED_OUT = 124
# bash's words for the kernel's errors ECONNREFUSED, EHOSTUNREACH, ENETUNREACH and ETIMEDOUT.
_ANSWERS: dict[str, Reachability] = {
    "Connection refused": "refused",
    "No route to host": "no route",
    "Network is unreachable": "no route",
    "Connection timed out": "timeout",
}


class ReachedPorts(FactBase[tuple[Probe, ...] | None]):
    """One probe per (address, port) of ``peers``, all at once; what could not be tried has no probe.

    bash opens the connections (/dev/tcp), so nothing has to be installed. Only TCP: a UDP port without a listener
    gives no answer that tells it from a filtered one.
    """

    @staticmethod
    def default() -> None:
        return None

    def command(self, peers: Sequence[tuple[str, int]]) -> StringCommand:
        wanted = [QuoteString(f"{address} {port}") for address, port in peers]
        return StringCommand("LC_ALL=C bash -c", QuoteString(SCRIPT.read_text()), "probe", *wanted)

    def process(self, output: list[str]) -> tuple[Probe, ...]:
        return tuple(probe for probe in map(_probe, output) if probe)


def _probe(line: str) -> Probe | None:
    """A line ``ADDRESS PORT EXIT-CODE ERROR...``."""
    fields = line.split(maxsplit=3)
    if len(fields) < 3 or not fields[1].isdigit():
        return None
    address, port, code = fields[0], int(fields[1]), fields[2]
    if code == "0":
        return Probe(address, port, "open")
    if code == str(_TIMED_OUT):
        return Probe(address, port, "timeout")
    error = fields[3] if len(fields) > 3 else ""
    return next((Probe(address, port, answer) for words, answer in _ANSWERS.items() if words in error), None)
