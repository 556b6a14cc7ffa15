"""The twin the numbers are taken on: up, bare again, booted, and commands in its network."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import child
from kubestead.errors import KubesteadError
from kubestead.twin import network, plan, state

ROOT = Path(__file__).resolve().parents[1]
KUBECTL = ["kubectl", "--kubeconfig=/etc/kubernetes/admin.conf"]
_GONE_SECONDS = 120


@dataclass(frozen=True)
class Lab:
    """One twin.

    Args:
        name: the twin's.
        project: the folder pyinfra runs in; the operator's own kubeconfig and run records stay out of it.
        log: where everything the commands say goes.
    """

    name: str
    project: Path
    log: Path

    def is_up(self) -> bool:
        """Whether it is there, and its supervisor runs."""
        return state.supervisor_alive(state.files(self.name))

    def up(self, source: str) -> None:
        """Bring it up with a mirror from ``source``."""
        self._twin("up", "--source", source)

    def down(self) -> None:
        """Take it down."""
        self._twin("down")

    def make_bare(self) -> None:
        """Hosts bare again, their boot finished, and nothing left to be written to disks."""
        self._twin("reset")
        for node in self.nodes():
            # Degraded is an answer too; the preflight and the run will say what is wrong.
            self._twin("ssh", node, "systemctl is-system-running --wait || true")
        os.sync()

    def nodes(self) -> list[str]:
        """The hosts' names, control planes first."""
        found = state.load_plan(state.files(self.name))
        return [node.name for node in found.nodes] if found else []

    def mirror(self) -> Path:
        """The mirror's folder."""
        return Path(state.read_json(state.files(self.name).plan)["mirror"])

    def run(self, argv: Sequence[str], extra: Mapping[str, str] | None = None) -> child.Finished:
        """Run a command in the twin's network and the project's folder, measured; ``extra`` joins its environment."""
        inside = ["nsenter", f"--net={network.path(plan.bridge_netns(self.name))}", "--", *argv]
        # As in anybody's shell: a Python program is not compiled anew at every start, whatever this process was told.
        env = {
            "KUBESTEAD_SITE": str(state.files(self.name).site),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "",
        }
        env |= extra or {}
        return child.run(inside, self.project, env, self.log)

    def pyinfra(self, *arguments: str) -> child.Finished:
        """Run pyinfra on the lab's inventory, measured."""
        return self.run([sys.executable, "-m", "pyinfra", "-y", "inventory/lab.py", *arguments])

    def write_files(self, module: str, *arguments: Path) -> None:
        """Have ``module`` write what a comparator needs, from what pyinfra knows of the hosts."""
        (self.project / "inventory.json").write_text(self.pyinfra("debug-inventory", "--json").output)
        shell = f'{sys.executable} -m {module} "$@" < inventory.json'
        self.run(["sh", "-c", shell, "sh", *map(str, arguments)])

    def wait_smoke_gone(self) -> None:
        """Wait until the smoke's namespace is deleted, which goes on after the run."""
        first, end = self.nodes()[0], time.monotonic() + _GONE_SECONDS
        command = " ".join([*KUBECTL, "get namespace kubestead-smoke --ignore-not-found --output=name"])
        while self._twin("ssh", first, command).strip():
            if time.monotonic() > end:
                raise KubesteadError(f"the namespace kubestead-smoke is still there after {_GONE_SECONDS} s")
            time.sleep(1)  # between two looks

    def _twin(self, command: str, *arguments: str) -> str:
        argv = [sys.executable, "-m", "kubestead.cli", "twin", command, "--name", self.name, *arguments]
        with self.log.open("a") as log:
            done = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True, check=False)
        if done.returncode:
            last = self.log.read_text().splitlines()[-1:]
            raise KubesteadError(f"kubestead twin {command} failed: {' '.join(last)}; see {self.log}")
        return done.stdout
