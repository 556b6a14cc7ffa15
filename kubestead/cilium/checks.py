"""What Cilium's agents say of themselves and of each other, read. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

WELL = "Ok"
# ``2026-11-22T21:35:00``: what times are compared by.
_SECONDS = 19


@dataclass(frozen=True)
class Said:
    """What one agent says: its node, its state (``Ok``) and why, where it is another."""

    node: str
    state: str
    message: str = ""

    @property
    def well(self) -> bool:
        """The agent finds itself well."""
        return self.state == WELL

    def __str__(self) -> str:
        return f"the agent of {self.node} says {self.state or 'nothing'}{f': {self.message}' if self.message else ''}"


def ill(said: Iterable[Said], nodes: Iterable[str]) -> list[str]:
    """What is wrong with the agents of ``nodes``, in words; one that said nothing is not well."""
    known = {one.node: one for one in said}
    told = [known.get(node, Said(node, "")) for node in nodes]
    return [str(one) for one in told if not one.well]


@dataclass(frozen=True)
class Reached:
    """How one agent (``by``) reached a node; an empty text is a success, None was not tried since."""

    by: str
    node: str
    host: str | None = None
    endpoint: str | None = None

    @property
    def fault(self) -> str | None:
        """What went wrong; None where nothing did."""
        for what, outcome in ((self.node, self.host), (f"pods of {self.node}", self.endpoint)):
            if outcome != "":
                return f"the agent of {self.by} does not reach {what}: {outcome or 'not tried yet'}"
        return None


def clock(lines: Iterable[str]) -> str:
    """When this was asked, by the clock of the host that asked."""
    return next((line.partition("\t")[2] for line in lines if line.startswith("clock\t")), "")


def statuses(lines: Iterable[str]) -> tuple[Said, ...]:
    """Rows ``status<TAB>node<TAB>state<TAB>message``."""
    rows = (line.split("\t") for line in lines if line.startswith("status\t") and line.count("\t") == 3)
    return tuple(Said(node, state, message.strip()) for _, node, state, message in rows)


def reached(lines: Iterable[str], since: str) -> tuple[Reached, ...]:
    """Rows ``reach<TAB>by<TAB>[cluster/]node<TAB>probed<TAB>status<TAB>probed<TAB>status``: the host, its endpoint.

    Args:
        lines: what the hosts printed.
        since: a probe before it does not count, as :func:`clock` has it.
    """
    rows = (line.split("\t") for line in lines if line.startswith("reach\t") and line.count("\t") == 6)
    return tuple(
        Reached(by, node.rpartition("/")[2], _since(since, probed, status), _since(since, tried, other))
        for _, by, node, probed, status, tried, other in rows
    )


def _since(since: str, probed: str, status: str) -> str | None:
    return status if probed and probed[:_SECONDS] > since[:_SECONDS] else None


def unreached(found: Iterable[Reached], nodes: Iterable[str], by: Iterable[str]) -> list[str]:
    """What is wrong with the ways from each of ``by`` to each of ``nodes``; a way nobody told of is wrong too."""
    known = {(one.by, one.node): one for one in found}
    ways = [(one, node) for one in by for node in nodes]
    faults = [known.get(way, Reached(*way)).fault for way in ways]
    return [fault for fault in faults if fault]
