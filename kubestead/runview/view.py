"""The view itself: pyinfra's callbacks in, lines out; on a terminal with two lines below that stand for now."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from types import TracebackType

import gevent  # type: ignore[import-untyped]
import pyinfra
import pyinfra_cli
from pyinfra import context, logger
from pyinfra.api.host import Host
from pyinfra.api.state import BaseStateCallback, State
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from kubestead.clock import now
from kubestead.runview.lines import Progress, changed_line, failed_line, running_line

_PYINFRAS = tuple(f"{Path(str(module.__file__)).parent}{os.sep}" for module in (pyinfra, pyinfra_cli))


# Without a terminal nothing moves: what takes longer than this is named.
STILL_SECONDS = 10


class View(BaseStateCallback):
    """Shows a run from its first operation on; as a context manager it ends with the run."""

    def __init__(self, live: bool) -> None:
        self._began = now()
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._progress = Progress()
        self._running: str | None = None
        self._timer: gevent.Greenlet | None = None
        self._phase: str | None = None
        self._handlers: list[logging.Handler] = []
        self._live = Live(get_renderable=self._now, console=self._console, transient=True) if live else None

    def operation_start(self, state: State, op_hash: str) -> None:  # type: ignore[override]
        if self._running is None:
            self._take_over()
        self._running = op_hash
        phase, _, name = ", ".join(sorted(state.get_op_meta(op_hash).names)).rpartition(" | ")
        hosts = [host.name for host in state.inventory if host in state.active_hosts and op_hash in state.ops[host]]
        progress = self._progress
        progress.phase, progress.operation, progress.since, progress.waiting = phase, name, self._elapsed(), hosts
        progress.operations += 1
        if self._live:
            self._live.refresh()
        else:
            self._timer = gevent.spawn_later(STILL_SECONDS, self._still)

    def operation_host_success(self, state: State, host: Host, op_hash: str, retry_count: int = 0) -> None:  # type: ignore[override]
        self._through(host)

    def operation_host_error(  # type: ignore[override]
        self, state: State, host: Host, op_hash: str, retry_count: int = 0, max_retries: int = 0
    ) -> None:
        self._through(host)

    def operation_end(self, state: State, op_hash: str) -> None:  # type: ignore[override]
        self._tell(state, op_hash)

    def let_through(self, record: logging.LogRecord) -> bool:
        """A line of the log, below its phase; but pyinfra's own lines say what the view says itself."""
        shown = record.levelno >= logging.WARNING or not record.pathname.startswith(_PYINFRAS)
        if shown:
            self._head()
        return shown

    def __enter__(self) -> View:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running is None:
            return
        state: State = context.state
        self._tell(state, self._running)
        if self._live:
            self._live.stop()
        for handler in self._handlers:
            handler.removeFilter(self.let_through)
            if isinstance(handler, _Above):
                logger.handlers[logger.handlers.index(handler)] = handler.below
        code = getattr(error, "code", 0 if error is None else 1)
        finished = not code and state.current_stage.name == "Disconnect"
        style = "bold green" if finished else "bold red"
        said = f"{self._progress.end(self._elapsed(), finished)}; 'kubestead report' shows it"
        self._console.print(Text(f"\n--> {said}", style=style))

    def _take_over(self) -> None:
        os.environ["PYINFRA_PROGRESS"] = "off"
        for place, handler in enumerate(logger.handlers):
            if type(handler).__module__.startswith("pyinfra_cli"):
                shown = _Above(handler, self._console) if self._live else handler
                shown.addFilter(self.let_through)
                logger.handlers[place] = shown
                self._handlers.append(shown)
        if self._live:
            self._live.start()

    def _through(self, host: Host) -> None:
        if host.name in self._progress.waiting:
            self._progress.waiting.remove(host.name)

    def _tell(self, state: State, op_hash: str) -> None:
        """Say what an operation changed and where it failed; one that changed nothing is passed over."""
        if self._timer:
            self._timer.kill()
        if op_hash != self._running or self._progress.operation == "":
            return
        found = {
            host.name: data.operation_meta
            for host in state.inventory
            if (data := state.ops[host].get(op_hash)) and data.operation_meta.is_complete()
        }
        progress, lasted = self._progress, self._elapsed() - self._progress.since
        changed = [name for name, meta in found.items() if meta.did_change()]
        failed = [name for name, meta in found.items() if meta.did_error()]
        if changed or failed:
            self._head()
        if changed:
            self._print(changed_line(progress.operation, changed, lasted), "green")
            progress.changes += len(changed)
            progress.changed_hosts.update(changed)
            progress.last = progress.operation
        if failed:
            self._print(failed_line(progress.operation, failed, lasted), "red")
            progress.failed = failed
        progress.operation = ""

    def _still(self) -> None:
        """Elsewhere than on a terminal: what is under way, once it takes its time."""
        progress = self._progress
        self._head()
        self._print(running_line(progress.operation, progress.waiting, self._elapsed() - progress.since), "")

    def _head(self) -> None:
        if self._progress.phase != self._phase:
            self._phase = self._progress.phase
            if self._phase:
                self._console.print(Text(f"\n--> {self._phase}", style="bold"))

    def _print(self, line: str, style: str) -> None:
        self._console.print(Text.assemble("    ", (line[:8], style), line[8:]))

    def _elapsed(self) -> float:
        return now() - self._began

    def _now(self) -> Group:
        first, second = self._progress.now(self._elapsed())
        width = max(20, self._console.width - 1)
        return Group(Text(first[:width], style="bold"), Text(second[:width], style="dim"))


class _Above(logging.Handler):
    """Prints what another handler would have, above the lines that stand for now."""

    def __init__(self, below: logging.Handler, console: Console) -> None:
        super().__init__(below.level)
        self.below, self._console = below, console
        self.setFormatter(below.formatter)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._console.print(Text.from_ansi(self.format(record)))
        except Exception:  # noqa: BLE001 - as every handler of logging's does
            self.handleError(record)
            sys.stderr.flush()
