"""A plan that is whole: an operation that depends on every host's plan is planned when all hosts are.

pyinfra prepares its hosts in no particular order and has no callback for the end of that, so this stands behind the
step of its command that does it; the version is pinned, and tests/deploys/test_second_run.py runs the real command.
"""

from __future__ import annotations

from functools import wraps
from typing import Any
from weakref import WeakKeyDictionary

import pyinfra_cli.cli
from pyinfra.api.host import Host
from pyinfra.api.operation import OperationMeta
from pyinfra.api.state import State
from pyinfra.context import ctx_host, ctx_state

_LAST: WeakKeyDictionary[State, list[tuple[Host, OperationMeta]]] = WeakKeyDictionary()


def plan_to_the_end() -> None:
    """For ``config.py``: plan what :func:`planned_last` named once every host is prepared, before the plan is shown."""
    prepare = pyinfra_cli.cli._handle_commands

    @wraps(prepare)
    def handle(state: State, *arguments: Any, **options: Any) -> Any:
        done = prepare(state, *arguments, **options)
        if state.should_check_for_changes():  # type: ignore[no-untyped-call]
            _plan_last(state)
        return done

    pyinfra_cli.cli._handle_commands = handle


def planned_last(operation: OperationMeta) -> None:
    """From a deploy: whether ``operation`` changes the present host depends on what the other hosts' operations do."""
    state, host = ctx_state.get(), ctx_host.get()  # type: ignore[no-untyped-call]
    _LAST.setdefault(state, []).append((host, operation))


def _plan_last(state: State) -> None:
    for host, operation in _LAST.pop(state, []):
        before = operation.will_change
        operation._maybe_is_change = None
        with ctx_host.use(host):
            added = operation.will_change - before
        host_meta = state.get_meta_for_host(host)
        host_meta.ops_change += added
        host_meta.ops_no_change -= added
