"""Lines above two that stand for now, on a terminal. Imported only where there is one: rich takes 0.1 s."""

from __future__ import annotations

import logging
from collections.abc import Callable

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from kubestead.runview.plain import Plain

_STYLES = {"head": "bold", "changed": "green", "failed": "red", "running": "",
           "done": "bold green", "not done": "bold red"}  # fmt: skip


class Terminal(Plain):
    """See :class:`kubestead.runview.plain.Plain`."""

    moves = True

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._live: Live | None = None

    def begin(self, now: Callable[[], tuple[str, str]]) -> None:
        def shown() -> Group:
            width = max(20, self._console.width - 1)
            first, second = now()
            return Group(Text(first[:width], style="bold"), Text(second[:width], style="dim"))

        self._live = Live(get_renderable=shown, console=self._console, transient=True)
        self._live.start()

    def refresh(self) -> None:
        if self._live:
            self._live.refresh()

    def end(self) -> None:
        if self._live:
            self._live.stop()

    def line(self, before: str, marked: str, style: str, after: str = "") -> None:
        self._console.print(Text.assemble(before, (marked, _STYLES[style]), after))

    def handler(self, pyinfras: logging.Handler) -> logging.Handler:
        return _Above(pyinfras, self._console)


class _Above(logging.Handler):
    """Prints what pyinfra's handler would have, above the lines that stand for now."""

    def __init__(self, pyinfras: logging.Handler, console: Console) -> None:
        super().__init__(pyinfras.level)
        self._console = console
        self.setFormatter(pyinfras.formatter)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._console.print(Text.from_ansi(self.format(record)))
        except Exception:  # noqa: BLE001 - as every handler of logging's does
            self.handleError(record)
