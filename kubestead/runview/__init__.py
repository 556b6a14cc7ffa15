"""The calm view of a run: phases and changes, one line each, and on a terminal what is under way now.

From the first operation to the end it stands in place of pyinfra's lines per operation and host. Warnings, errors and
what kubestead's own operations say are shown as ever. ``KUBESTEAD_OUTPUT`` chooses (:mod:`kubestead.runview.choice`).
"""

from __future__ import annotations

import os
import sys

import click
from pyinfra import context
from pyinfra.api.exceptions import PyinfraError

from kubestead.errors import KubesteadError
from kubestead.invocation import Invocation
from kubestead.runview.choice import Kind, choose
from kubestead.runview.plain import Plain
from kubestead.runview.view import View

_view: View | None = None


def start_view() -> None:
    """For ``config.py``: choose the view of this run, and have it end with pyinfra's command.

    Raises:
        PyinfraError: ``KUBESTEAD_OUTPUT`` is none of the views.
    """
    global _view  # noqa: PLW0603 - one run per process, and pyinfra hands nothing on from config.py to deploys
    command = Invocation.present()
    try:
        chosen = choose(os.environ, command, sys.stderr.isatty())
    except KubesteadError as error:
        raise PyinfraError(str(error)) from None
    if chosen != "pyinfra":
        _view = click.get_current_context().with_resource(View(_screen(chosen)))


def show_operations() -> None:
    """From a deploy: the view shows its operations."""
    if _view and context.ctx_state.isset() and _view not in context.state.callback_handlers:  # type: ignore[no-untyped-call]
        context.state.add_callback_handler(_view)  # type: ignore[no-untyped-call]


def _screen(kind: Kind) -> Plain:
    if kind == "plain":
        return Plain()
    from kubestead.runview.terminal import Terminal  # noqa: PLC0415 - see there

    return Terminal()
