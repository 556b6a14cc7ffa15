"""One operation on a host with given facts: what it yields, and what it says when it yields nothing.

pyinfra-testing's fixtures give facts as plain JSON; ours are dataclasses, so they are given here as they are.
"""

from __future__ import annotations

import base64
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from inspect import getcallargs
from typing import Any

from pyinfra.api import FunctionCommand, StringCommand
from pyinfra.api.arguments import all_argument_meta
from pyinfra.api.command import PyinfraCommand
from pyinfra.context import ctx_host, ctx_state
from pyinfra_testing.util import FakeHost, FakeState  # type: ignore[import-untyped]

Facts = Mapping[type, Any]


class Host(FakeHost):  # type: ignore[misc]
    """A host whose facts are known; an iterator of answers gives one at each question."""

    def __init__(self, facts: Facts, name: str = "node1", **data: Any) -> None:
        super().__init__(FakeState(), name, {}, data)
        self.facts = dict(facts)
        self.groups: list[str] = []
        self.asked: list[tuple[type, dict[str, Any]]] = []

    def get_fact(self, fact: type, *args: Any, **kwargs: Any) -> Any:
        own = {key: value for key, value in kwargs.items() if key not in all_argument_meta}
        getcallargs(fact().command, *args, **own)  # TypeError: the fact has no such argument
        self.asked.append((fact, own))
        answer = self.facts[fact]
        return next(answer) if isinstance(answer, Iterator) else answer


class Data(dict[str, Any]):
    """Host data: read by ``get``, written as attributes, as pyinfra's."""

    def __setattr__(self, key: str, value: Any) -> None:
        self[key] = value


class Outcome:
    """What an operation did on a host."""

    def __init__(self, host: Host, yielded: list[PyinfraCommand], state: FakeState) -> None:
        self.host, self.yielded, self.state = host, yielded, state
        self.noop: str | None = host.noop_description if not yielded else None

    @property
    def commands(self) -> list[str | FunctionCommand]:
        """Shell commands as text, functions as they are."""
        return [_plain(command) for command in self.yielded]

    @property
    def shell(self) -> list[str]:
        return [command for command in self.commands if isinstance(command, str)]

    @property
    def uploads(self) -> dict[str, bytes]:
        """Files that are written, by their path."""
        return dict(file for command in self.yielded for file in _written(command))

    def call(self, index: int = -1) -> Any:
        """Run the function that was yielded, as pyinfra does."""
        command = self.yielded[index]
        assert isinstance(command, FunctionCommand)
        with context(self.host, self.state):
            return command.execute(self.state, self.host, {})


def run(operation: Any, facts: Facts | Host, *, executing: bool = True, **arguments: Any) -> Outcome:
    """Call ``operation`` on a host with ``facts``, as at execution or (``executing=False``) while planning."""
    host = facts if isinstance(facts, Host) else Host(facts)
    host.data = host.data if isinstance(host.data, Data) else Data(host.data)
    state = host.state
    state.is_executing = executing
    with context(host, state):
        return Outcome(host, list(operation._inner(**arguments)), state)


@contextmanager
def context(host: Host, state: FakeState) -> Iterator[None]:
    with ctx_state.use(state), ctx_host.use(host):
        yield


def _plain(command: PyinfraCommand) -> str | FunctionCommand:
    if isinstance(command, StringCommand):
        return str(command.get_raw_value())
    assert isinstance(command, FunctionCommand)
    return command


def _written(command: PyinfraCommand) -> Iterator[tuple[str, bytes]]:
    if isinstance(command, StringCommand) and "_stdin" in command.connector_arguments:
        calls = [line for line in str(command.get_raw_value()).splitlines() if line.startswith("put ")]
        for call, content in zip(calls, command.connector_arguments["_stdin"], strict=True):
            yield shlex.split(call)[3], base64.b64decode(content)
