"""Two clusters on one twin: each has a control plane and a worker, and a site file of its own."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.twin.conftest import Twin
from tests.twin.operator import KUBECTL, Run, deploy
from tests.twin.traffic.pods import NAMESPACE, Pod, apply, of_service, service

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
    """

    cluster: str
    number: int
    control_plane: str
    worker: str
    folder: Path

    def ssh(self, node: str, command: str, stdin: str | None = None) -> str:
        """As :meth:`Twin.ssh`."""
        return super().ssh(self.control_plane if node == "k8s-cp" else node, command, stdin)

    @property
    def pod_cidr(self) -> str:
        """Its pods'."""
        return f"10.{self.number}.0.0/16"

    def entry(self) -> dict[str, Any]:
        """What others write of it in ``cilium_mesh``."""
        return {"name": self.cluster, "id": self.number, "pod_cidrs": [self.pod_cidr]}

    def site(self, *others: Side) -> Path:
        """Its site file, with these others in its mesh."""
        site = yaml.safe_load((self.state / "site.yaml").read_text())
        own = (self.control_plane, self.worker)
        site["hosts"] = {name: site["hosts"][name] for name in ("all", *own) if name in site["hosts"]}
        site["overrides"] |= {
            "cluster_name": self.cluster, "pod_cidr": self.pod_cidr, "cilium_cluster_id": self.number, "smoke": False,
            "cilium_mesh": [other.entry() for other in others],
            "cilium_mesh_addresses": [self.record["addresses"][host] for host in own] if others else [],
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

    def share(self, annotations: dict[str, str] = GLOBAL) -> str:
        """Have the shared service, with this cluster's own pod behind it; its address."""
        manifest = yaml.safe_load(service(SHARED, "ClusterIP", {"name": f"backend-{self.cluster}"}))
        manifest["metadata"]["annotations"] = annotations
        apply(self, yaml.safe_dump(manifest))
        return of_service(self, SHARED, ".spec.clusterIP")

    def drop(self, pod: Pod) -> None:
        """Delete a pod, and see it gone."""
        self.ssh("k8s-cp", f"{KUBECTL} -n {NAMESPACE} delete pod {pod.name} --timeout=60s > /dev/null")


def answers(pod: Pod, address: str, times: int = 30, seconds: float = 2) -> list[str]:
    """Who answered a pod, each on a connection of its own: a host name, or ``lost`` where nobody did in time."""
    command = _ASK.format(times=times, seconds=seconds, address=address)
    return [line for line in pod.run(f'sh -c "{command}"'.replace("$", r"\$")).splitlines() if line]
