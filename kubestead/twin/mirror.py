"""The mirror's server inside the twin's network, kept running by the supervisor."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from kubestead.twin import cgroups
from kubestead.twin.plan import GATEWAY

FILES_PORT = 8080
REGISTRY_PORT = 5000
_RESTART_SECONDS = 1.0


def serve_command(folder: Path) -> list[str]:
    """The command that serves a mirror folder on the bridge's address."""
    return [
        *(sys.executable, "-m", "kubestead.cli", "mirror", "serve", str(folder)),
        *("--listen", GATEWAY, "--port", str(FILES_PORT), "--registry-port", str(REGISTRY_PORT)),
    ]


class Mirror:
    """Serves one mirror folder, or none, from a cgroup of its own.

    Args:
        unified: the twin's own cgroup2 folder.
        log: the file its server writes to.
    """

    def __init__(self, unified: Path, log: Path) -> None:
        self._cgroup = unified / "mirror"
        self._log = log
        self._folder: Path | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._starts = 0

    def serve(self, folder: Path | None) -> None:
        """Serve this folder from now on; the same one again changes nothing."""
        if folder == self._folder and (folder is None or (self._thread and self._thread.is_alive())):
            return
        self._stop()
        self._folder = folder
        if folder:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._keep, args=(folder,), name="mirror", daemon=True)
            self._thread.start()

    def status(self) -> dict[str, Any]:
        """The folder served, whether its server runs, and how often it was started."""
        return {"folder": str(self._folder or ""), "running": cgroups.populated(self._cgroup), "starts": self._starts}

    def _stop(self) -> None:
        self._stopping.set()
        while self._thread and self._thread.is_alive():
            cgroups.kill(self._cgroup)
            self._thread.join(0.05)

    def _keep(self, folder: Path) -> None:
        """Run the server, and again after a pause when it ends by itself."""
        self._cgroup.mkdir(exist_ok=True)
        enter = ["sh", "-euc", 'echo $$ > "$0"; exec "$@"', str(self._cgroup / "cgroup.procs")]
        while not self._stopping.is_set():
            self._starts += 1
            with self._log.open("ab") as log:
                subprocess.run(
                    [*enter, *serve_command(folder)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
                )
            cgroups.kill(self._cgroup)
            self._stopping.wait(_RESTART_SECONDS)
