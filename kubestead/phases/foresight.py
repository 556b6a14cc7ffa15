"""What a run's operations will ask of a host is asked in one command, before the first of them.

A run that has nothing to do is a long row of questions, and each is a command over SSH: on a slow line they are all the
time it takes. So every operation is first planned once more, as pyinfra plans them for a dry run, only to hear what it
asks; the answers are kept, and given when the operation asks in earnest. Whatever is done to a host makes what was
known of it void, and what its control plane knows of the cluster.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any, cast

import gevent.local  # type: ignore[import-untyped]
from gevent.pool import Pool  # type: ignore[import-untyped]
from pyinfra import logger
from pyinfra.api import StringCommand
from pyinfra.api.host import Host
from pyinfra.api.state import BaseStateCallback, State, StateStage
from pyinfra.connectors.util import CommandOutput
from pyinfra.context import ctx_host

from kubestead.phases.asking import Arguments, Question, ask_together, question_of
from kubestead.phases.topology import CONTROL_PLANE

# An operation asks its second question by the answer to its first; the third round finds what hides behind that.
ROUNDS = 3


class Foresight(BaseStateCallback):
    """Answers that are fetched ahead from ``hosts`` as the first operation begins."""

    def __init__(self, hosts: Iterable[Host]) -> None:
        self._hosts = tuple(hosts)
        self._answers: dict[Host, dict[Question, CommandOutput]] = {}
        self._asked: dict[Host, Counter[Question]] = {}
        self._wanted: dict[Host, dict[Question, tuple[str, Arguments]]] = {}
        self._here = gevent.local.local()
        self._over = False

    def operation_start(self, state: State, op_hash: str) -> None:  # type: ignore[override]
        if self._over:
            return
        self._over = True
        hosts = [host for host in self._hosts if host in state.active_hosts]
        for host in hosts:
            _listen(self, host)
        with _planning(state):
            Pool(state.config.PARALLEL).map(lambda host: self._foresee(state, host), hosts)

    def _foresee(self, state: State, host: Host) -> None:
        self._answers[host] = {}
        for _ in range(ROUNDS):
            self._wanted[host], self._asked[host] = {}, Counter()
            self._imagine(state, host)
            if not self._wanted[host]:
                return
            self._answers[host] |= ask_together(host, self._wanted[host])

    def _imagine(self, state: State, host: Host) -> None:
        """Plan every operation of the host; what it would do is not done."""
        self._here.imagines = True
        try:
            with ctx_host.use(host):
                for op_hash in host.op_hash_order:
                    if data := state.ops[host].get(op_hash):
                        _exhaust(data.command_generator())
        finally:
            self._here.imagines = False

    @contextmanager
    def fact(self) -> Iterator[None]:
        """What is run within is a question, and changes nothing."""
        before, self._here.asks = getattr(self._here, "asks", False), True
        try:
            yield
        finally:
            self._here.asks = before

    def answer(self, host: Host, command: str, arguments: Arguments) -> CommandOutput | None:
        """What was answered ahead; in imagination, nothing where it is not known yet. None where it must be asked."""
        question = question_of(command, arguments)
        known = self._answers.get(host, {})
        if getattr(self._here, "imagines", False):
            self._asked[host][question] += 1
            if question not in known:
                self._wanted[host][question] = command, arguments
            return known.get(question, CommandOutput([]))
        if not getattr(self._here, "asks", False):
            self._forget(host)
            return None
        # As often as was foreseen: who looks again wants to see whether it is so still.
        self._asked.setdefault(host, Counter())[question] -= 1
        return known.get(question) if self._asked[host][question] >= 0 else None

    def _forget(self, touched: Host) -> None:
        for host in list(self._answers):
            if host is touched or CONTROL_PLANE in host.groups:
                del self._answers[host]


@contextmanager
def _planning(state: State) -> Iterator[None]:
    """As while a dry run is planned, quietly, and with no operation that will change anything."""
    executing, stage, diff = state.is_executing, state.current_stage, state.config.DIFF
    metas = [data.operation_meta for operations in state.ops.values() for data in operations.values()]
    unplanned = [meta for meta in metas if meta._maybe_is_change is None]
    state.is_executing, state.current_stage, state.config.DIFF = False, StateStage.Prepare, False
    for meta in unplanned:
        meta._maybe_is_change = False
    try:
        yield
    finally:
        state.is_executing, state.current_stage, state.config.DIFF = executing, stage, diff
        for meta in unplanned:
            meta._maybe_is_change = None


def _listen(foresight: Foresight, host: Host) -> None:
    """Have the host's questions and commands pass by the foresight."""
    run_shell_command, get_fact, put_file = host.run_shell_command, host.get_fact, host.put_file

    def run(command: StringCommand | str, *args: Any, **arguments: Any) -> tuple[bool, CommandOutput]:
        text = command.get_raw_value() if isinstance(command, StringCommand) else str(command)
        known = foresight.answer(host, text, arguments)
        return run_shell_command(command, *args, **arguments) if known is None else (True, known)

    def fact(*args: Any, **arguments: Any) -> Any:
        with foresight.fact():
            return get_fact(*args, **arguments)

    def put(*args: Any, **arguments: Any) -> bool:
        foresight._forget(host)
        return put_file(*args, **arguments)

    host.run_shell_command, host.get_fact, host.put_file = run, fact, put  # type: ignore[method-assign]


def _exhaust(commands: Iterator[object]) -> None:
    with closing(cast(Any, commands)):
        try:
            for _ in commands:
                pass
        except Exception as error:  # noqa: BLE001 - what fails here fails again when it is meant
            logger.debug("Imagining an operation: %r", error)
