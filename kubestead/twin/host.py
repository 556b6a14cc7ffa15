"""One host at run time: switched on, watched, started again after a reboot, switched off as a machine loses power."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from kubestead.errors import KubesteadError
from kubestead.twin import boot, cgroups, network
from kubestead.twin.plan import Node
from kubestead.twin.process import run

_SSH_SECONDS = 0.5
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Host:
    """A host of a running twin.

    Args:
        node: which host.
        folder: its disks and its console's log.
        tree: the twin's own cgroups; the host's are below them.
        binds: what of the machine it sees read-only, by the path inside.
    """

    def __init__(self, node: Node, folder: Path, tree: cgroups.Hierarchies, binds: Mapping[str, str]) -> None:
        self.node = node
        self.folder = folder
        self._tree = tree
        self._binds = binds
        self._power = threading.Lock()
        self._watcher: threading.Thread | None = None
        self._cut = False
        self._boots = 0
        self._since = _now()
        self._last = ""

    def on(self) -> None:
        """Switch it on; a host that is on stays as it is."""
        with self._power:
            if self.is_on:
                return
            self._cut = False
            self._watcher = threading.Thread(target=self._watch, name=self.node.name, daemon=True)
            self._watcher.start()

    def off(self) -> None:
        """Cut the power: every process of it ends at once, and nothing is told to shut down."""
        with self._power:
            self._cut = True
            while self._watcher and self._watcher.is_alive():
                cgroups.kill(self._tree.unified / self.node.name)
                self._watcher.join(0.05)

    @property
    def is_on(self) -> bool:
        """Whether it runs, or is on its way through a reboot."""
        return self._watcher is not None and self._watcher.is_alive()

    def status(self) -> dict[str, Any]:
        """What ``kubestead twin status`` shows of it."""
        return {
            "node": self.node.name,
            "address": self.node.address,
            "power": "on" if self.is_on else "off",
            "ssh": self.is_on and ssh_answers(self.node.address),
            "since": self._since,
            "boots": self._boots,
            "last": self._last,
        }

    def _watch(self) -> None:
        """Run it until it is off for good; a reboot is a new run with a fresh namespace, as under a hypervisor."""
        try:
            while True:
                status = self._run_once()
                if status != boot.REBOOT_STATUS or self._cut:
                    break
                self._last = "rebooted"
            self._last = "power cut" if self._cut else "powered itself off" if status == 0 else self._failure(status)
        except (KubesteadError, OSError) as error:
            self._last = str(error)
        self._since = _now()
        print(f"{_now()} {self.node.name}: off: {self._last}", flush=True)

    def _run_once(self) -> int:
        """One life of the host: from bare namespaces to none left. Returns systemd-nspawn's exit status."""
        self._clean_up()
        network.create_node(self.node, self.folder)
        own = cgroups.create(self._tree, self.node.name)
        text = boot.script(boot.nspawn_command(self.node, self._binds), own.all)
        self._since, self._boots = _now(), self._boots + 1
        print(f"{self._since} {self.node.name}: on", flush=True)
        try:
            with (self.folder / "console.log").open("ab") as console:
                process = subprocess.Popen(
                    boot.command(self.node, text),
                    cwd=self.folder,
                    env=os.environ | boot.environment(own.version),
                    stdin=subprocess.DEVNULL,
                    stdout=console,
                    stderr=console,
                    start_new_session=True,
                )
            return process.wait()
        finally:
            self._clean_up()

    def _clean_up(self) -> None:
        """End what is left of a life, for killing systemd-nspawn alone leaves its host running, and tidy up."""
        cgroups.kill(self._tree.unified / self.node.name)
        for folder in self._tree.all:
            cgroups.remove(folder / self.node.name)
        network.delete(self.node.netns)
        wait_detached(self.folder)

    def _failure(self, status: int) -> str:
        if status < 0:
            return f"ended by signal {-status}"
        console = _ESCAPES.sub("", (self.folder / "console.log").read_text(errors="replace"))
        return f"ended with status {status}: {console.strip().splitlines()[-1] if console.strip() else 'no message'}"


def wait_detached(folder: Path, deadline: float = 15) -> None:
    """Wait until no loop device is backed by a file below ``folder``: they go a moment after the last mount has gone.

    Raises:
        KubesteadError: one is still attached past the deadline (seconds).
    """
    end = time.monotonic() + deadline
    while attached := [
        line
        for line in run(["losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE"]).splitlines()
        if f" {folder}/" in line
    ]:
        if time.monotonic() > end:
            raise KubesteadError(
                f"{attached[0]}: still attached after {deadline:.0f} s; "
                f"find who holds it: grep -l {folder} /proc/*/mountinfo"
            )
        time.sleep(0.01)


def ssh_answers(address: str, port: int = 22) -> bool:
    """Whether an SSH server greets at the address, asked from the namespace this process is in."""
    try:
        with socket.create_connection((address, port), timeout=_SSH_SECONDS) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
