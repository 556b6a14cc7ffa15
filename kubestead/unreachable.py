"""Hosts that do not answer over SSH: named, never asked about at the terminal, and left out only where that was asked.

pyinfra asks whether to go on without them, or ends with a percentage; it has no hook for it, so this replaces what its
command calls to connect (its version is pinned).
"""

from __future__ import annotations

from collections.abc import Sequence

import click
import pyinfra_cli.cli
from pyinfra import logger
from pyinfra.api.connect import connect_all
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.state import State

from kubestead import commandline
from kubestead.inventory import only_looks
from kubestead.invocation import PREFLIGHTED, Invocation

WORKERS = "workers"
FLAG = "skip_unreachable"
_left_out: tuple[str, ...] = ()


def guard_connections() -> None:
    """For ``config.py``: a run without one of its hosts ends before any change, or leaves out dead workers if asked."""
    global _left_out  # noqa: PLW0603 - one run per process, and pyinfra hands nothing on from config.py to deploys
    _left_out = ()
    pyinfra_cli.cli.connect_all = _connect
    if command := click.get_current_context(silent=True):
        given = dict(command.params)
        command.call_on_close(lambda: _tell_at_the_end(commandline.command(given)))


def left_out() -> tuple[str, ...]:
    """The workers that did not answer and that this run goes on without, by name."""
    return _left_out


def why_not_0(command: str) -> str:
    """Why a run that did all the rest ends with exit code 1; empty where nobody was left out."""
    if not _left_out:
        return ""
    return f"left out, as SSH did not reach them: {', '.join(_left_out)}; when they are back: {command}"


def _tell_at_the_end(command: str) -> None:
    if words := why_not_0(command):
        click.echo(f"--> {words}; exit code 1", err=True)


def _connect(state: State) -> None:
    """Connect to every host of the run, all at once, and see who is there.

    Raises:
        PyinfraError: somebody did not answer, and the run may not go on.
    """
    global _left_out  # noqa: PLW0603 - as above
    looks = only_looks()
    # pyinfra sets it to 0 where somebody could be asked, whatever config.py says.
    allowed, state.config.FAIL_PERCENT = 100 if looks else state.config.FAIL_PERCENT, None
    try:
        connect_all(state)
    except PyinfraError:
        if state.active_hosts or looks:
            raise
        # It says that no host is left; below they are named.
    finally:
        state.config.FAIL_PERCENT = allowed
    if looks:
        return
    silent = [node for node in state.inventory if state.is_host_in_limit(node) and node not in state.active_hosts]
    if silent and state.active_hosts and _may_be_left_out(silent):
        _left_out = tuple(node.name for node in silent)
        logger.warning(f"left out of this run, as SSH does not reach them: {', '.join(_left_out)}")
    elif silent and not (state.active_hosts and set(Invocation.present().deploys) == PREFLIGHTED):
        raise PyinfraError(_refusal(silent))


def _may_be_left_out(silent: Sequence[Host]) -> bool:
    return all(node.data.get(FLAG) is True and WORKERS in node.groups for node in silent)


def _refusal(silent: Sequence[Host]) -> str:
    names = ", ".join(node.name for node in silent)
    needed = ", ".join(node.name for node in silent if WORKERS not in node.groups)
    fix = f"--data {FLAG}=true goes on without workers" + (f", but never without {needed}" if needed else "")
    return f"SSH does not reach {names} (why is said above), and nothing was changed; {fix}"
