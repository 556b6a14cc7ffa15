"""What a long step says while it runs: one line when it is done, a live line (or a plain one now and then) before."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

HEARTBEAT_SECONDS = 30.0
_console = Console(stderr=True, highlight=False, soft_wrap=True)


class Step:
    """One running step; :meth:`update` says how far it is."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.started = self._spoke = time.monotonic()
        self._status = _console.status(f"{title} ...") if _console.is_terminal else None

    def update(self, text: str) -> None:
        """Say ``text`` (``214 packages compiled``): live on a terminal, else a plain line every 30 s."""
        now = time.monotonic()
        line = f"{self.title}: {text}, {now - self.started:.0f} s"
        if self._status:
            self._status.update(line)
        elif now - self._spoke >= HEARTBEAT_SECONDS:
            self._spoke = now
            _console.print(f"  {line}", markup=False)

    def __enter__(self) -> Step:
        if self._status:
            self._status.start()
        else:
            _console.print(f"  {self.title} ...", markup=False)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._status:
            self._status.stop()
        mark = "done  " if kind is None else "FAILED"
        _console.print(f"{mark} {self.title}, {time.monotonic() - self.started:.1f} s", markup=False)


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Run a block as one step with a title and the time it took, on stderr."""
    with Step(title) as running:
        yield running


def say(text: str) -> None:
    """One plain line on stderr; stdout is for results alone."""
    _console.print(text, markup=False)
