"""How a longer operation goes step by step, on one host or on two, and says what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from paramiko import SSHException
from pyinfra import logger
from pyinfra.api import StringCommand
from pyinfra.api.exceptions import ConnectError, PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.state import State
from pyinfra.context import ContextObject, ctx_host

from kubestead.errors import KubesteadError

# For a command that only asks or orders; what takes longer says so.
TIMEOUT_SECONDS = 60


class StepFailed(KubesteadError):
    """A step did not do what it should; the text names host, what, why and the next command."""


def attempt(steps: Callable[..., None]) -> Callable[..., bool]:
    """A function for pyinfra's FunctionCommand: False, with the reason printed, where one of ``steps`` failed.

    In a nested operation pyinfra hands it the context ``pyinfra.host`` in place of a host, and that cannot be made the
    context's host (:func:`run_on`) without going round for ever: the steps get the host itself.
    """

    def run(state: State, host: Host, *args: Any, **kwargs: Any) -> bool:
        if isinstance(host, ContextObject):
            host = ctx_host.get()  # type: ignore[no-untyped-call]
        try:
            steps(host, *args, **kwargs)
        except StepFailed as error:
            logger.error(f"{host.print_prefix}{error}")
            return False
        except (PyinfraError, SSHException, OSError, EOFError) as error:
            reason = str(error) or type(error).__name__
            logger.error(f"{host.print_prefix}{host.name}: lost on the way: {reason}; see whether it still answers")
            return False
        return True

    run.__name__ = steps.__name__
    return run


def told(host: Host, text: str) -> None:
    """Say what is done or seen, where pyinfra prints."""
    logger.info(f"{host.print_prefix}{text}")


def ask(
    node: Host,
    *command: Any,
    what: str,
    stdin: str | None = None,
    timeout: float = TIMEOUT_SECONDS,
    advice: str = "",
) -> list[str]:
    """The lines a command printed on ``node``, which is connected to if it is not yet.

    Args:
        node: the host.
        command: parts of a StringCommand; everything of a person's is quoted.
        what: what it does, for the error: ``draining``.
        stdin: given to it, and written nowhere else: the way for a secret.
        timeout: seconds until it is given up.
        advice: the next command for the error; none: to look at what it printed.

    Raises:
        StepFailed: it failed, was not through in time, or the host cannot be reached.
    """
    arguments: dict[str, Any] = {"_sudo": bool(node.data.get("_sudo")), "_timeout": timeout}
    if stdin is not None:
        arguments["_stdin"] = stdin
    return _run(node, StringCommand(*command), arguments, what, advice)


def run_on(node: Host, commands: Callable[[], Generator[Any, None, None]], what: str) -> None:
    """Do on ``node`` at once what an operation would yield there; it may be no part of this run.

    Args:
        node: the host.
        commands: makes the operation's generator: ``lambda: kubeadm.delete_token._inner()``.
        what: what it does, for the error.

    Raises:
        StepFailed: as :func:`ask`.
    """
    _connect(node, what)
    with ctx_host.use(node):
        for command in commands():
            arguments = {"_sudo": bool(node.data.get("_sudo")), "_timeout": TIMEOUT_SECONDS}
            _run(node, command, {**arguments, **command.connector_arguments}, what, "")


def _run(node: Host, command: StringCommand, arguments: dict[str, Any], what: str, advice: str) -> list[str]:
    _connect(node, what)
    try:
        ok, output = node.run_shell_command(command, **arguments)
    except (SSHException, OSError, EOFError) as error:  # a timeout is an OSError
        reason = "not through in time" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
        raise StepFailed(
            f"{node.name}: {what}: {reason}; {advice or f'see whether {node.name} still answers'}"
        ) from None
    if not ok:
        # Only stderr: what a command prints may be a secret.
        reason = " | ".join(output.stderr_lines[-3:]) or "it failed without a word"
        raise StepFailed(f"{node.name}: {what}: {reason}" + (f"; {advice}" if advice else ""))
    return list(output.stdout_lines)


def _connect(node: Host, what: str) -> None:
    if node.connected:
        return
    try:
        node.connect(show_errors=False, raise_exceptions=True)
    except ConnectError as error:
        raise StepFailed(f"{node.name}: {what}: cannot be reached over SSH ({error}); try: ssh {node.name}") from None
