"""The light twin the numbers at scale are taken on: site files for parts of it, and measured runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench import child, cpu
from bench.lab import ROOT, Lab
from kubestead.errors import KubesteadError
from kubestead.twin import network, plan, state
from kubestead.twin.plan import GATEWAY

PYINFRA, CLUSTER = (sys.executable, "-m", "pyinfra", "-y"), ("inventory/twin.py", "deploys/cluster.py")
_FIRST_PORT = 2201


@dataclass(frozen=True)
class Taken:
    """A run of ``deploys/cluster.py``.

    Args:
        what: in words.
        hosts: how many it was about.
        seconds: the whole process.
        twin_cpu: processor seconds the twin used meanwhile: its hosts and its mirror.
        controller_cpu: processor seconds of the controller's process.
        others_cpu: what of the machine's processor seconds went to anybody else, hypervisor included: noise.
        peak_memory_mib: the controller's.
        code: its exit code.
        changes: operations that changed something, counted on each host; None where there is no record.
    """

    what: str
    hosts: int
    seconds: float
    twin_cpu: float
    controller_cpu: float
    others_cpu: float
    peak_memory_mib: float | None
    code: int
    changes: int | None

    def own_seconds(self, cores: int) -> float:
        """Its time with the twin's processor time taken out, and the noise.

        As if the hosts were machines of their own and infinitely fast, and nobody else here: what is left when the time
        all cores gave them is gone, and at least the controller's own, which one core gives it.
        """
        return max(self.seconds - (self.twin_cpu + self.others_cpu) / cores, self.controller_cpu)


class ScaleLab(Lab):
    """A light twin of some size."""

    def up_light(self, source: str, workers: int) -> None:
        """Bring it up."""
        self._twin("up", "--light", "--workers", str(workers), "--source", source)

    def bare(self, nodes: Sequence[str]) -> None:
        """Make hosts bare again."""
        self._twin("reset", *nodes)

    def power(self, action: str, nodes: Sequence[str]) -> None:
        """Switch hosts on or off."""
        self._twin("power", action, *nodes)

    def site(self, name: str, nodes: Sequence[str], far: Sequence[str] = ()) -> Path:
        """A site file with these hosts alone; those that are ``far`` are reached through relays."""
        content: dict[str, Any] = yaml.safe_load(state.files(self.name).site.read_text())
        hosts = content["hosts"]
        content["hosts"] = {name: value for name, value in hosts.items() if name in ("all", *nodes)}
        for number, node in enumerate(far):
            near = hosts[node]["address"]
            content["hosts"][node] |= {"address": GATEWAY, "port": _FIRST_PORT + number, "node_address": near}
        if far:
            content["hosts"]["all"] |= {"host_keys": "accept-new", "known_hosts": str(self.project / "known_hosts")}
        path = self.project / f"{name}.yaml"
        path.write_text(yaml.safe_dump(content))
        return path

    @contextmanager
    def relays(self, nodes: Sequence[str], seconds: float) -> Iterator[None]:
        """Relays to these hosts, with a delay each way, inside the twin's network."""
        found = state.load_plan(state.files(self.name))
        assert found  # noqa: S101 - it is up
        pairs = [f"{GATEWAY}:{_FIRST_PORT + n}={found.node(node).address}:22" for n, node in enumerate(nodes)]
        argv = [*self._inside(), sys.executable, "-m", "bench.relay", str(seconds), *pairs]
        with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            try:
                for _ in pairs:
                    if not process.stdout or not process.stdout.readline():
                        raise KubesteadError("the relays did not start")
                yield
            finally:
                process.terminate()

    def deploy(
        self, what: str, site: Path, hosts: int, *options: str, code: int | None = 0, project: Path | None = None
    ) -> Taken:
        """Run ``deploys/cluster.py`` on the hosts of a site file, measured."""
        folder = project or self.project
        before = cpu.now(self.name)
        done = child.run(self._command(*options), folder, self._environment(site), self.log, code)
        used = cpu.now(self.name) - before
        others = max(0.0, used.others + used.steal - done.cpu_seconds)
        changes = _changes(folder) if done.code == 0 or "Beginning operation run" in done.said else 0
        return Taken(
            what, hosts, done.seconds, used.twin, done.cpu_seconds, others, done.peak_memory_mib, done.code, changes
        )

    def start(self, site: Path, project: Path, *options: str) -> subprocess.Popen[bytes]:
        """The same begun in a folder of its own, as another controller would; its output goes to ``run.log`` there."""
        with (project / "run.log").open("w") as log:
            environment = {**os.environ, **self._environment(site)}
            return subprocess.Popen(self._command(*options), cwd=project, env=environment, stdout=log, stderr=log)

    def _command(self, *options: str) -> list[str]:
        pyinfra = [sys.executable, "-m", "pyinfra", "-y"]
        return [*self._inside(), *pyinfra, *options, "inventory/twin.py", "deploys/cluster.py"]

    def _inside(self) -> list[str]:
        return ["nsenter", f"--net={network.path(plan.bridge_netns(self.name))}", "--"]

    @staticmethod
    def _environment(site: Path) -> Mapping[str, str]:
        return {"KUBESTEAD_SITE": str(site), "PYTHONPATH": str(ROOT)}


def make_project(folder: Path) -> Path:
    """A folder to run pyinfra in, as an operator has it."""
    folder.mkdir(exist_ok=True)
    for name in ("config.py", "deploys", "group_data", "inventory"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def _changes(project: Path) -> int | None:
    runs = sorted((project / ".kubestead/runs").glob("*"))
    file = runs[-1] / "operations.jsonl" if runs else Path("/nonexistent")
    return file.read_text().count('"changed": true') if file.is_file() else None
