"""The audit: one JSON object per line, only ever added to."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timezone
from pathlib import Path

from kubestead.errors import KubesteadError
from kubestead.watch.note import Note


class Audit:
    """Writes what is told to a file.

    Args:
        path: the file; its folder is made, for nobody else to read.
        watcher: this watcher's name, in every line.

    Raises:
        KubesteadError: the file cannot be written.
    """

    def __init__(self, path: Path, watcher: str) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.open("a").close()
        except OSError as error:
            reason = error.strerror or error
            raise KubesteadError(f"{path}: cannot be written ({reason}); give a folder of yours: --folder") from None
        self._path, self._watcher = path, watcher
        self._lock = threading.Lock()

    def write(self, note: Note) -> None:
        """Add one line, at once: a line of a watcher that is killed is not lost."""
        time = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"time": time, "watcher": self._watcher, **note.to_data()})
        with self._lock, self._path.open("a") as file:
            file.write(line + "\n")
