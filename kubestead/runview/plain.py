"""Plain lines, for a log."""

from __future__ import annotations

import logging
from collections.abc import Callable

import click

# As pyinfra's own output has them.
STYLES: dict[str, dict[str, bool | str]] = {
    "head": {"bold": True}, "changed": {"fg": "green"}, "failed": {"fg": "red"}, "running": {},
    "done": {"fg": "green", "bold": True}, "not done": {"fg": "red", "bold": True},
}  # fmt: skip


class Plain:
    """Where the view prints: lines on stderr, where pyinfra prints too."""

    moves = False

    def begin(self, now: Callable[[], tuple[str, str]]) -> None:
        """Operations begin; ``now`` gives what is under way, which lines cannot show."""

    def refresh(self) -> None:
        """Something else is under way."""

    def end(self) -> None:
        """The run is over."""

    def line(self, before: str, marked: str, style: str, after: str = "") -> None:
        """One line, part of it in a style of :data:`STYLES`."""
        click.echo(f"{before}{click.style(marked, **STYLES[style])}{after}", err=True)  # type: ignore[arg-type]

    def handler(self, pyinfras: logging.Handler) -> logging.Handler:
        """What prints the log's lines while operations run, in place of pyinfra's handler."""
        return pyinfras
