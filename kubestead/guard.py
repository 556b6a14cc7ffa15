"""A run that ends with exit code 0 did what was asked; pyinfra alone ends so in several cases where it did nothing.

Each is named in docs/exit-codes.md. pyinfra has no hooks for them, so this replaces what answers there; its version is
pinned, and tests/deploys/test_exit_codes.py runs the real command in each case.
"""

from __future__ import annotations

import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import click
import gevent  # type: ignore[import-untyped]
import pyinfra_cli.cli
from paramiko import SSHException
from pyinfra import context, logger
from pyinfra.api.exceptions import InventoryError, PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.inventory import Inventory
from pyinfra_cli.exceptions import UnexpectedExternalError, UnexpectedInternalError, UnexpectedMixin

from kubestead import commandline
from kubestead.errors import InvalidInput, plain
from kubestead.inventory import GUARDED, explained

DEBUG_LOG = Path("pyinfra-debug.log")
_told = 0
_asking = False
# What a person, a job engine and a closed terminal end a run with.
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def guard_run() -> None:
    """For ``config.py``: refuse what is wrong with the command line, and make every end of the run tell the truth.

    Raises:
        InventoryError: something was refused; the findings are on stderr by then.
    """
    if command := click.get_current_context(silent=True):
        command.meta[GUARDED] = True
    for number in ENDS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            signal.signal(number, _interrupted)
    # A host that is lost between two commands: pyinfra raises it once more where it is told, and gevent would print it.
    hub = gevent.get_hub()
    hub.NOT_ERROR = (*hub.NOT_ERROR, PyinfraError, SSHException, OSError, EOFError)
    pyinfra_cli.cli._do_confirm = _confirm
    UnexpectedExternalError.show = _say_in_one_line
    UnexpectedInternalError.show = _say_in_one_line
    context.state.init = _refusing_nobody(context.state.init)  # type: ignore[method-assign]
    with explained(InventoryError):
        if findings := commandline.check_options(commandline.options()):
            raise InvalidInput(findings)


def _interrupted(number: int, frame: FrameType | None) -> None:
    """pyinfra's own handler of SIGINT ends with 0, and of the others it has none.

    An exception raised here is lost where Python passes over exceptions (as a fork or an object ends), and the run goes
    on. So gevent's hub ends the main greenlet at its next turn; a second signal ends whatever runs, at once. Where a
    person is asked the hub has no turn, and the first one does.
    """
    global _told  # noqa: PLW0603 - one run per process
    code = 128 + number  # a shell's convention
    if _told:
        sys.exit(code)
    _told = code
    if _asking:
        click.echo("\nInterrupted.", err=True)
        sys.exit(code)
    click.echo(
        "Interrupted. What was under way on a host may go on there; run the same command again to finish.", err=True
    )
    hub = gevent.get_hub()
    hub.loop.run_callback_threadsafe(hub.parent.throw, SystemExit(code))


def _confirm(question: str) -> bool:
    """pyinfra's own ends with 0 when the answer is no, and with a traceback where nobody can answer."""
    global _asking  # noqa: PLW0603 - as above
    try:
        _asking = True
        # The hub, which would end the run now, has no turn before the answer.
        if _told:
            sys.exit(_told)
        click.echo(f"\n    {question}\n    Press enter to go on...", err=True, nl=False)
        answer = input()
    except EOFError:
        raise PyinfraError(
            "nobody can be asked here, so nothing more was done; add -y to go on without asking"
        ) from None
    finally:
        _asking = False
    if answer:
        raise PyinfraError(f"the answer was {answer!r} and not Enter, so nothing more was done")
    return True


def _refusing_nobody(init: Any) -> Any:
    """pyinfra warns of an inventory or a choice without hosts, does nothing, and ends with 0."""

    def refuse(inventory: Inventory, config: Any, initial_limit: list[Host] | None = None) -> None:
        if not len(inventory):
            raise InventoryError(
                f"the inventory {commandline.options().get('inventory')} gives no hosts; name an inventory file, "
                "such as inventory/lab.py, whose groups control_plane and workers are lists of hosts"
            )
        if initial_limit is not None and not initial_limit:
            raise InventoryError("--limit and --exclude leave no host; give a group or a host of the inventory")
        init(inventory, config, initial_limit=initial_limit)

    return refuse


def _say_in_one_line(unexpected: UnexpectedMixin, file: object = None) -> None:
    """Where pyinfra prints a traceback: what happened and where, and where the rest of it is."""
    whole = f"{unexpected.get_traceback()}{unexpected.get_exception()}"
    # A folder nobody can write in must not make a traceback of it after all.
    with suppress(OSError):
        DEBUG_LOG.write_text(whole, encoding="utf-8", errors="backslashreplace")
    error = unexpected.exception
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename} line {frames[-1].lineno}" if frames else "pyinfra"
    words = f"{type(error).__name__}: {plain(str(error))}"
    logger.warning(
        f"--> {click.style('error', 'red', bold=True)} in {place}: {words}; the whole of it is in {DEBUG_LOG}"
    )
