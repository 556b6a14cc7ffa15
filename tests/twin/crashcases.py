"""Where and how runs of ``deploys/cluster.py`` are killed: every operation, and the insides of those that matter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Way = Literal["controller killed", "Ctrl-C", "link reset", "link silent", "power cycled"]
CP, WORKER = "k8s-cp", "k8s-worker1"


@dataclass(frozen=True)
class Point:
    """A moment of the run.

    Args:
        name: what is under way then, in words.
        operation: the record's name of the operation, or how it begins.
        host: whose link or power goes, where one does.
        holds: shell that succeeds on the host from that moment on; none means as the operation begins.
    """

    name: str
    operation: str
    host: str = WORKER
    holds: str = ""


@dataclass(frozen=True)
class Crash:
    """A run killed at a point in one way."""

    point: Point
    way: Way

    @property
    def name(self) -> str:
        """For files and test ids."""
        return f"{self.point.name}--{self.way}".replace(" ", "-").lower()


# As a fresh cluster's run records them.
BEGINNINGS = tuple(
    Point(f"begins {name}", operation)
    for name, operation in {
        "kernel modules": "Kernel modules", "kernel settings": "Kernel settings", "swap": "No swap",
        "name of the API": "Name of the control plane", "networkd": "systemd-networkd leaves",
        "containerd": "containerd 2", "containerd settings": "containerd's configuration",
        "containerd service": "containerd runs", "control plane images": "Pull the control plane's images",
        "node images": "Pull the node's images", "apt source": "Package repository", "apt": "kubelet, kubeadm, kubectl",
        "kubelet service": "kubelet's service", "init": "kubeadm init", "kubeconfig": "Kubeconfig to",
        "helm": "Helm 3", "cilium": "Cilium 1", "token": "Short-lived join token", "join": "kubeadm join",
        "token's end": "Join token deleted", "health check": "Nodes and system pods", "smoke": "Smoke: ",
    }.items()
)  # fmt: skip

UNPACKING = Point("tarball unpacked", "containerd 2", holds="pgrep -x tar")
PULLING = Point("image pulled", "kubelet, kubeadm, kubectl", holds="pgrep -x ctr")
DPKG = Point("dpkg unpacks", "kubelet, kubeadm, kubectl", holds="ls /var/lib/dpkg/info/kubelet.list")
CONFIGURING = Point(
    "dpkg configures", "kubelet, kubeadm, kubectl", holds="grep -A2 '^Package: kubelet$' /var/lib/dpkg/status | "
    "grep unpacked || ls /var/lib/dpkg/updates/* || pgrep -f 'dpkg.*--configure'",
)  # fmt: skip
CERTIFICATES = Point("init writes keys", "kubeadm init", CP, "test -e /etc/kubernetes/pki/ca.key")
ETCD = Point("init starts etcd", "kubeadm init", CP, "test -d /var/lib/etcd/member")
API = Point("init waits for the API", "kubeadm init", CP, "curl -sk https://127.0.0.1:6443/livez | grep -x ok")
CILIUM = Point("helm installs Cilium", "Cilium 1", CP, "pgrep -x helm")
HALF_JOIN = Point("join begun", "kubeadm join", WORKER, "test -e /etc/kubernetes/pki/ca.crt")
JOINED = Point("join has its kubelet", "kubeadm join", WORKER, "test -e /etc/kubernetes/kubelet.conf")
PODS = Point("pods start", "Nodes and system pods", WORKER, "pgrep -x cilium-agent")
SMOKE = Point("smoke pods run", "Smoke: ", CP, "pgrep -x agnhost")

INSIDE: dict[Way, tuple[Point, ...]] = {
    "controller killed": (UNPACKING, PULLING, DPKG, CONFIGURING, CERTIFICATES, ETCD, API, CILIUM, HALF_JOIN, JOINED),
    "Ctrl-C": (UNPACKING, DPKG, ETCD, API, CILIUM, HALF_JOIN, SMOKE),
    "link reset": (UNPACKING, DPKG, CONFIGURING, ETCD, API, CILIUM, HALF_JOIN, JOINED),
    "link silent": (DPKG, API, HALF_JOIN),
    "power cycled": (UNPACKING, PULLING, DPKG, CONFIGURING, CERTIFICATES, ETCD, API, CILIUM, HALF_JOIN, JOINED, PODS),
}
# A fixed choice, so that a red run is the fault of the tree.
IN_CI = ("dpkg-configures--controller-killed", "join-has-its-kubelet--power-cycled")


def crashes() -> Iterator[Crash]:
    """All of them, in the order of the run."""
    yield from (Crash(point, "controller killed") for point in BEGINNINGS)
    yield from (Crash(point, way) for way, points in INSIDE.items() for point in points)
