"""Two clusters on one twin: each has a control plane and a worker, and a site file of its own."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from kubestead.spec.ciliummesh import PORT
from tests.twin.conftest import Twin
from tests.twin.operator import KUBECTL, Run, deploy
from tests.twin.traffic.pods import NAMESPACE, Pod, apply, of_service, service, start

SHARED = "shared"
GLOBAL = {"service.cilium.io/global": "true"}
_ASK = "for n in $(seq {times}); do curl -s --max-time {seconds} http://{address}/hostname || printf lost; echo; done"


@dataclass(frozen=True)
class Side(Twin):
    """One of the clusters. As a twin, its ``k8s-cp`` is this cluster's own control plane.

    Args:
        cluster: its name.
        number: its number in the mesh.
        control_plane, worker: its hosts.
        folder: where its site file is, and the cards of both.
        port: at which it is asked.
        absent: more addresses others shall ask at, of which none answers.
        choices: more of its spec.
    """

    cluster: str
    number: int
    control_plane: str
    worker: str
    folder: Path
    port: int = PORT
    absent: tuple[str, ...] = ()
    choices: Mapping[str, Any] = field(default_factory=dict)

    def ssh(self, node: str, command: str, stdin: str | None = None) -> str:
        """As :meth:`Twin.ssh`."""
        return super().ssh(self.control_plane if node == "k8s-cp" else node, command, stdin)

    def address_of(self, host: str) -> str:
        """A host's."""
        return str(self.record["addresses"][host])

    @property
    def pod_cidr(self) -> str:
        """Its pods'."""
        return f"10.{self.number}.0.0/16"

    def entry(self) -> dict[str, Any]:
        """What others write of it in ``cilium_mesh``."""
        return {"name": self.cluster, "id": self.number, "pod_cidrs": [self.pod_cidr], "port": self.port}

    def site(self, *others: Side) -> Path:
        """Its site file, with these others in its mesh."""
        site = yaml.safe_load((self.state / "site.yaml").read_text())
        own = (self.control_plane, self.worker)
        site["hosts"] = {name: site["hosts"][name] for name in ("all", *own) if name in site["hosts"]}
        site["overrides"] |= {
            "cluster_name": self.cluster, "pod_cidr": self.pod_cidr, "cilium_cluster_id": self.number, "smoke": False,
            "cilium_mesh": [other.entry() for other in others],
            "cilium_mesh_addresses": [*self.absent, *map(self.address_of, own)] if others else [],
            "cilium_mesh_port": self.port, **self.choices,
        }  # fmt: skip
        path = self.folder / f"{self.cluster}-{len(others)}.yaml"
        path.write_text(yaml.safe_dump(site))
        return path

    def deploy(self, name: str, *arguments: str, others: tuple[Side, ...]) -> Run:
        """Run a deploy on its hosts."""
        cards = ("--data", f"mesh={self.folder / 'cards'}")
        return deploy(self, name, *cards, *arguments, site=self.site(*others), inventory="inventory/twin.py")

    def cilium_status(self, *others: Side) -> dict[str, Any]:
        """What ``kubestead cilium status`` says, with these others in its mesh."""
        command = [sys.executable, "-m", "kubestead.cli", "cilium", "status", "--inventory", "inventory/twin.py"]
        done = self.cli("exec", "--", "env", f"KUBESTEAD_SITE={self.site(*others)}", *command, "--json", timeout=300)
        assert done.stdout.startswith("{"), done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def share(self, annotations: Mapping[str, str] = GLOBAL, kind: str = "ClusterIP") -> str:
        """Have the shared service, with this cluster's own pod behind it; its address."""
        manifest = yaml.safe_load(service(SHARED, kind, {"name": f"backend-{self.cluster}"}))
        manifest["metadata"]["annotations"] = dict(annotations)
        apply(self, yaml.safe_dump(manifest))
        return of_service(self, SHARED, ".spec.clusterIP")

    def drop(self, pod: Pod) -> None:
        """Delete a pod, and see it gone."""
        self.ssh("k8s-cp", f"{KUBECTL} -n {NAMESPACE} delete pod {pod.name} --timeout=60s > /dev/null")


def answers(pod: Pod, address: str, times: int = 30, seconds: float = 2) -> list[str]:
    """Who answered a pod, each on a connection of its own: a host name, or ``lost`` where nobody did in time."""
    command = _ASK.format(times=times, seconds=seconds, address=address)
    return [line for line in pod.run(f'sh -c "{command}"'.replace("$", r"\$")).splitlines() if line]


@dataclass(frozen=True)
class Mesh:
    """Both clusters, and the runs that connected them: alpha, beta, alpha."""

    alpha: Side
    beta: Side
    runs: tuple[Run, Run, Run]

    def pods(self) -> dict[str, Pod]:
        """In each cluster one that asks, on the control plane, and one that answers, on the worker."""
        found: dict[str, Pod] = {}
        for side in (self.alpha, self.beta):
            names = {f"asker-{side.cluster}": side.control_plane, f"backend-{side.cluster}": side.worker}
            found |= start(side, names)
        return found


@contextmanager
def meshed(name: str, folder: Path, alpha: Mapping[str, Any], beta: Mapping[str, Any]) -> Iterator[Mesh]:
    """Two clusters on a twin of their own, connected; the mappings are what else they shall be, of :class:`Side`."""
    kept = os.environ.get("KUBESTEAD_TEST_TWIN")
    twin = Twin(kept or name)
    twin.must("up", "--control-planes", "2", "--workers", "2")
    try:
        one = Side(twin.name, "alpha", 1, "k8s-cp", "k8s-worker1", folder, **alpha)
        other = Side(twin.name, "beta", 2, "k8s-cp2", "k8s-worker2", folder, **beta)
        for side, others in ((one, (other,)), (other, (one,))):
            run = side.deploy("cluster", others=others)
            assert run.returncode == 0, run.text
        first = one.deploy("mesh", others=(other,))
        second = other.deploy("mesh", "-vvv", "--debug", others=(one,))
        third = one.deploy("mesh", others=(other,))
        print(first.text, third.text)
        yield Mesh(one, other, (first, second, third))
    finally:
        if not kept:
            twin.must("down")
