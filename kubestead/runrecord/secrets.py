"""The secrets of an operation: they must not be written down, whatever a command made of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pyinfra.api import FunctionCommand, QuoteString, StringCommand
from pyinfra.api.hiddenvalue import HiddenValue
from pyinfra.api.state import StateOperationHostData

from kubestead.record.redact import redact

# Of a failed command's output; the last lines say why.
_LAST_LINES = 20


def said(data: StateOperationHostData) -> str:
    """The last words of an operation that failed, without its secrets."""
    meta = data.operation_meta
    arguments: Mapping[str, object] = {**data.global_arguments}
    commands = getattr(meta, "_commands", None) or ()
    hidden = list(_hidden([commands, arguments]))
    # What goes to a command by standard input is a secret as a rule, and its echo never helps.
    own = [getattr(command, "connector_arguments", {}) for command in commands]
    hidden += [word for given in (arguments, *own) for text in _texts(given.get("_stdin")) for word in text.split()]
    lines = [*meta.stdout_lines, *meta.stderr_lines]
    return redact("\n".join(redact(line, hidden) for line in lines[-_LAST_LINES:]))


def _texts(told: object) -> list[str]:
    """What goes to a command by standard input: text, or lines of it."""
    return [str(line) for line in told] if isinstance(told, list | tuple) else [str(told or "")]


def _hidden(value: object) -> Iterator[str]:
    """Every HiddenValue in a command, at any depth."""
    if isinstance(value, HiddenValue):
        yield str(value.unmask())
    elif isinstance(value, QuoteString):
        yield from _hidden(value.obj)
    elif isinstance(value, StringCommand):
        yield from _hidden([*value.bits, value.connector_arguments])
    elif isinstance(value, FunctionCommand):
        yield from _hidden([value.args, value.kwargs])
    elif isinstance(value, Mapping):
        yield from _hidden(list(value.values()))
    elif isinstance(value, list | tuple | set | frozenset):
        # Nothing else that can be gone through: an argument may be a spec, whose networks are billions of addresses.
        for item in value:
            yield from _hidden(item)
