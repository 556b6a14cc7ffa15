"""Writing a run record so that whatever ends the run leaves something to be read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Writer:
    """A run's folder; it is made with the first thing written.

    Every line is one write to a file opened for appending: a run that is killed leaves whole lines and at most one half
    at the end. run.json and end.json are there whole or not at all.

    Args:
        folder: the run's.
        trouble: told once when something cannot be written.
    """

    def __init__(self, folder: Path, trouble: Callable[[str], None] | None = None) -> None:
        self.folder = folder
        self._trouble = trouble
        self._broken = False
        self._open: dict[str, int] = {}

    def line(self, file: str, data: Mapping[str, Any]) -> None:
        """Append one line of JSON."""
        with self._tried():
            if file not in self._open:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._open[file] = os.open(self.folder / file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            os.write(self._open[file], json.dumps(data).encode() + b"\n")

    def whole(self, file: str, data: Mapping[str, Any]) -> None:
        """Write or replace a file of JSON."""
        with self._tried():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial = self.folder / f".{file}.new"
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
                handle.write(json.dumps(data, indent=1) + "\n")
            partial.replace(self.folder / file)

    @contextmanager
    def _tried(self) -> Iterator[None]:
        """A disk that is full ends the record, not the run: it is told once.

        Raises:
            OSError: nobody is there to be told.
        """
        try:
            yield
        except OSError as error:
            if self._trouble is None:
                raise
            if not self._broken:
                self._broken = True
                self._trouble(f"{self.folder}: the run record cannot be written ({error.strerror}); the run goes on")

    def close(self) -> None:
        """Close the files."""
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()
