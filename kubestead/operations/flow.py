"""Operations that steer a run: the barrier between phases, and a failure said in words."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host, state
from pyinfra.api import OperationError, QuoteString, StringCommand, operation
from pyinfra.api.operation import OperationMeta


@operation()
def barrier() -> Generator[StringCommand, None, None]:
    """Nothing, on every host: whatever comes after it starts only when all hosts are through with what came before.

    pyinfra orders operations by a graph of per-host chains, not by lines; an operation every host has ties them.
    """
    host.noop("all hosts have come this far")
    return
    yield


def changed(*operations: OperationMeta) -> bool:
    """Whether any of ``operations`` changed the present host; while the run is being planned, whether any will."""
    return any(meta.did_change() if meta.is_complete() else meta.will_change for meta in operations)


def failure(message: str) -> StringCommand:
    """A command that fails with ``message`` on stderr, so that this host fails and the others are heard out."""
    return StringCommand("printf", "'%s\\n'", QuoteString(message), ">&2;", "false")


def refusal(message: str) -> StringCommand:
    """As :func:`failure`, where it is known beforehand: then there is no plan either.

    Raises:
        OperationError: the run is only being planned.
    """
    if not state.is_executing:
        raise OperationError(message)
    return failure(message)
