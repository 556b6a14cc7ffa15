"""The twin the modes are measured on: two hosts, a cluster in some mode, and programs in pods' networks."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench import cpu
from bench.cilium.programs import ON_HOST
from bench.cilium.samples import Quiet
from bench.lab import KUBECTL, Lab
from kubestead.errors import KubesteadError
from kubestead.twin import commands, network, plan, state

# The client's host, and the one of the server and of the control plane.
CLIENT, SERVER = "k8s-worker1", "k8s-cp"
FOLDER = "/opt/kubestead-bench"
_KUBECTL = " ".join(KUBECTL)
# One line of JSON for each agent; $1 is what it is asked.
_ASK_AGENTS = f"""\
for pod in $({_KUBECTL} -n kube-system get pods -l k8s-app=cilium -o name); do
  {_KUBECTL} -n kube-system exec "$pod" -c cilium-agent -- sh -c \
    'echo "{{\\"node\\": \\"$K8S_NODE_NAME\\", \\"said\\": $(cilium-dbg '"$1"' --output json)}}"' | tr -d '\\n'; echo
done"""
# A share of all processors: below it the cluster has come to rest.
_REST, _REST_SECONDS = 0.12, 45


@dataclass(frozen=True)
class Place:
    """Where a program runs: on a host, in the network of a process on it, or, without a host, in a namespace of the
    machine's; the bridge's where none is named."""

    node: str = ""
    pid: int | None = None
    network: str = ""


@dataclass(frozen=True)
class CiliumLab(Lab):
    """One twin of two hosts.

    Args:
        programs: the tools, as :func:`bench.cilium.programs.folder` made them.
    """

    programs: Path = Path()

    def up(self, source: str) -> None:
        """Bring it up."""
        self._twin("up", "--workers", "1", "--source", source)

    def build(self, overrides: Mapping[str, Any]) -> float:
        """A cluster on bare hosts with some keys of its own; returns how many seconds it took."""
        site = yaml.safe_load(state.files(self.name).site.read_text())
        site["overrides"] |= {"smoke": False, **overrides}
        path = self.project / "site.yaml"
        path.write_text(yaml.safe_dump(site))
        argv = [sys.executable, "-m", "pyinfra", "-y", "inventory/twin.py", "deploys/cluster.py"]
        return self.run(argv, {"KUBESTEAD_SITE": str(path)}).seconds

    def catalog(self) -> Path:
        """The catalog of the twin's mirror."""
        return Path(yaml.safe_load(state.files(self.name).site.read_text())["sources"]["catalog"])

    def at(self, place: Place, command: str, stdin: bytes | None = None) -> str:
        """What a shell command prints at a place, where it has to succeed."""
        done = subprocess.run(self._argv(place, command), input=stdin, capture_output=True, check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).decode(errors="replace").strip()[-500:]
            raise KubesteadError(f"{place.node or 'outside'}: {command[:60]} ended with {done.returncode}: {said}")
        return done.stdout.decode()

    def bring_programs(self) -> None:
        """Put the tools onto the hosts."""
        for node in self.nodes():
            with subprocess.Popen(["tar", "-C", self.programs, "-c", "."], stdout=subprocess.PIPE) as packed:
                argv = self._argv(Place(node), f"mkdir -p {FOLDER} && tar -x --no-same-owner -C {FOLDER}")
                subprocess.run(argv, stdin=packed.stdout, check=True)

    def serve(self, place: Place, name: str) -> None:
        """Have servers at a place, as a unit of its host."""
        inside = f"nsenter --target {place.pid} --net " if place.pid else ""
        unit = f"systemd-run --quiet --collect --unit=kubestead-bench-{name}"
        self.at(Place(place.node), f"{unit} {inside}{FOLDER}/serve.sh")

    @contextmanager
    def serving(self, place: Place) -> Iterator[None]:
        """Servers at a place that is on no host, until the end of the block."""
        with self.log.open("a") as log, tempfile.TemporaryDirectory(dir=self.project) as folder:
            argv = self._argv(place, f"exec {self.programs}/serve.sh {folder}")
            servers = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True)
            try:
                yield
            finally:
                os.killpg(servers.pid, signal.SIGTERM)  # nginx is its child
                servers.wait()

    def measure(self, place: Place, address: str, ports: tuple[int, int], seconds: int) -> str:
        """What ``measure.sh`` prints at a place; ``ports`` are iperf3's and nginx's."""
        folder = FOLDER if place.node else self.programs
        return self.at(place, f"{folder}/measure.sh {address} {ports[0]} {ports[1]} {seconds}")

    def wait_answered(self, place: Place, address: str, port: int) -> None:
        """Wait until a server can be reached from a place."""
        tries = f"for n in $(seq 150); do timeout 1 bash -c '</dev/tcp/{address}/{port}' && exit; sleep 0.2; done"
        self.at(place, f"{{ {tries}; }} 2> /dev/null; echo '{address}:{port} does not answer' >&2; exit 1")

    def sampled(self) -> dict[str, list[dict[str, Any]]]:
        """What ``sample.py`` prints on each host."""
        script = (ON_HOST / "sample.py").read_bytes()
        return {node: json.loads(self.at(Place(node), "python3 -", script)) for node in self.nodes()}

    def asked(self, what: str) -> dict[str, Any]:
        """What each node's agent says: ``cilium-dbg WHAT --output json``."""
        told = map(json.loads, self.at(Place(SERVER), f"set -- {shlex.quote(what)}\n{_ASK_AGENTS}").splitlines())
        return {str(one["node"]): one["said"] for one in told}

    def rest(self) -> Quiet:
        """Wait until the new cluster has come to rest, or for some time; returns what is at work then."""
        end = time.monotonic() + _REST_SECONDS
        while True:
            before = cpu.now(self.name)
            time.sleep(2)  # what is watched is a share of time
            used = cpu.now(self.name) - before
            every = used.busy + used.idle + used.steal
            quiet = Quiet(used.twin / every, max(0.0, used.others + used.steal) / every)
            if quiet.twin < _REST or time.monotonic() > end:
                return quiet

    def _argv(self, place: Place, command: str) -> list[str]:
        bridge = ["nsenter", f"--net={network.path(plan.bridge_netns(self.name))}", "--"]
        if not place.node:
            where = place.network or plan.bridge_netns(self.name)
            return ["nsenter", f"--net={network.path(where)}", "--", "bash", "-c", command]
        inside = f"nsenter --target {place.pid} --net bash -c {shlex.quote(command)}" if place.pid else command
        return [*bridge, *commands.ssh_command(self.name, place.node, "root", [inside])]
