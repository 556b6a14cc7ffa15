"""The view itself: pyinfra's callbacks in, lines out."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from types import TracebackType

import gevent  # type: ignore[import-untyped]
import pyinfra
import pyinfra_cli
from pyinfra import context, logger
from pyinfra.api.host import Host
from pyinfra.api.state import BaseStateCallback, State, StateStage

from kubestead.clock import now
from kubestead.runview.lines import Progress, changed_line, failed_line, running_line
from kubestead.runview.plain import Plain
from kubestead.unreachable import left_out

_PYINFRAS = tuple(f"{Path(str(module.__file__)).parent}{os.sep}" for module in (pyinfra, pyinfra_cli))


# Without a terminal nothing moves: what takes longer than this is named.
STILL_SECONDS = 10


class View(BaseStateCallback):
    """Shows a run from its first operation on; as a context manager it ends with the run."""

    def __init__(self, screen: Plain) -> None:
        self._began, self._screen = now(), screen
        self._progress = Progress()
        self._running: str | None = None
        self._timer: gevent.Greenlet | None = None
        self._phase: str | None = None
        self._handlers: dict[logging.Handler, logging.Handler] = {}

    def operation_start(self, state: State, op_hash: str) -> None:  # type: ignore[override]
        if self._running is None:
            self._take_over()
        self._running = op_hash
        phase, _, name = ", ".join(sorted(state.get_op_meta(op_hash).names)).rpartition(" | ")
        hosts = {host.name for host in state.active_hosts if op_hash in state.ops[host]}
        progress = self._progress
        progress.phase, progress.operation, progress.since, progress.waiting = phase, name, self._elapsed(), hosts
        progress.operations += 1
        self._screen.refresh()
        if not self._screen.moves:
            self._timer = gevent.spawn_later(STILL_SECONDS, self._still)

    def operation_host_success(self, state: State, host: Host, op_hash: str, retry_count: int = 0) -> None:  # type: ignore[override]
        self._through(host, op_hash)

    def operation_host_error(  # type: ignore[override]
        self, state: State, host: Host, op_hash: str, retry_count: int = 0, max_retries: int = 0
    ) -> None:
        self._through(host, op_hash)

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
        self._screen.end()
        for ours, pyinfras in self._handlers.items():
            ours.removeFilter(self.let_through)
            logger.handlers[logger.handlers.index(ours)] = pyinfras
        code = getattr(error, "code", 0 if error is None else 1)
        self._progress.left_out = list(left_out())
        # Hosts that were left out make the exit code 1, and what was asked of the others is done.
        reached = state.failed_hosts <= {host for host in state.inventory if host.name in left_out()}
        done = (not code or reached) and state.current_stage is StateStage.Disconnect
        said = f"{self._progress.end(self._elapsed(), done)}; 'kubestead report' shows it"
        self._screen.line("\n", f"--> {said}", "done" if done else "not done")

    def _take_over(self) -> None:
        os.environ["PYINFRA_PROGRESS"] = "off"
        for place, pyinfras in enumerate(logger.handlers):
            if type(pyinfras).__module__.startswith("pyinfra_cli"):
                ours = logger.handlers[place] = self._screen.handler(pyinfras)
                ours.addFilter(self.let_through)
                self._handlers[ours] = pyinfras
        self._screen.begin(lambda: self._progress.now(self._elapsed()))

    def _through(self, host: Host, op_hash: str) -> None:
        if op_hash == self._running:  # and not one that runs inside it
            self._progress.waiting.discard(host.name)

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
            self._print(changed_line(progress.operation, changed, lasted))
            progress.changes += len(changed)
            progress.changed_hosts.update(changed)
            progress.last = progress.operation
        if failed:
            self._print(failed_line(progress.operation, failed, lasted))
            progress.failed = failed
        progress.operation = ""

    def _still(self) -> None:
        """Elsewhere than on a terminal: what is under way, once it takes its time."""
        progress = self._progress
        self._head()
        self._print(running_line(progress.operation, progress.waiting, self._elapsed() - progress.since))

    def _head(self) -> None:
        if self._progress.phase != self._phase:
            self._phase = self._progress.phase
            if self._phase:
                self._screen.line("\n", f"--> {self._phase}", "head")

    def _print(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        self._screen.line("    ", word, word, f" {rest}")

    def _elapsed(self) -> float:
        return now() - self._began
