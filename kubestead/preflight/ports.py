"""Are the ports the cluster listens on free, or held by the cluster's own processes?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from kubestead.errors import Finding
from kubestead.preflight.findings import finding, unknown
from kubestead.preflight.model import Socket
from kubestead.preflight.survey import Host, Role, Survey
from kubestead.spec import ClusterSpec

VXLAN = 8472
VXLAN_DEVICE = "cilium_vxlan"
_EVERY: tuple[Role, ...] = ("control_plane", "worker")


@dataclass(frozen=True)
class Port:
    """A port on every host of ``roles``; ``owner`` is the process that will hold it, in the kernel's 15 characters."""

    number: int
    owner: str
    roles: tuple[Role, ...] = _EVERY
    protocol: Literal["tcp", "udp"] = "tcp"
    used: Callable[[ClusterSpec], bool] = lambda _: True


# https://kubernetes.io/docs/reference/networking/ports-and-protocols/ and
# https://docs.cilium.io/en/v1.18/operations/system_requirements/#firewall-rules
PORTS = (
    Port(6443, "kube-apiserver", ("control_plane",)),
    Port(2379, "etcd", ("control_plane",)),
    Port(2380, "etcd", ("control_plane",)),
    Port(2381, "etcd", ("control_plane",)),
    Port(10257, "kube-controller", ("control_plane",)),
    Port(10259, "kube-scheduler", ("control_plane",)),
    Port(10248, "kubelet"),
    Port(10250, "kubelet"),
    Port(10249, "kube-proxy", used=lambda spec: not spec.cilium_replaces_kube_proxy),
    Port(10256, "kube-proxy", used=lambda spec: not spec.cilium_replaces_kube_proxy),
    Port(4240, "cilium-agent"),
    Port(4244, "cilium-agent", used=lambda spec: spec.hubble),
    Port(9879, "cilium-agent"),
    Port(VXLAN, VXLAN_DEVICE, protocol="udp"),
)


def check_ports(host: Host, survey: Survey) -> Iterator[Finding]:
    """Every port of this host's role. Without root the owners are unseen, and another finding says so."""
    if host.info.euid != 0:
        return
    if host.info.sockets is None:
        yield unknown(host, "listening ports", "install iproute2 on it, which has ss")
        return
    for port in PORTS:
        if host.node.role not in port.roles or not port.used(survey.spec):
            continue
        for socket in _foreign(host, port):
            yield finding(
                host,
                f"port {port.number}/{port.protocol}",
                f"{socket.address}:{socket.port} held by {socket.owner or 'the kernel or a hidden process'}",
                f"is needed for {port.owner}",
                f"stop what holds it; look with 'ss -lnp sport = :{port.number}' on it",
            )
            break


def _foreign(host: Host, port: Port) -> list[Socket]:
    held = [s for s in host.info.sockets or () if s.port == port.number and s.protocol == port.protocol]
    return [socket for socket in held if not _own(host, port, socket)]


def _own(host: Host, port: Port, socket: Socket) -> bool:
    """A process of the right name is the cluster's own only where kubeadm has been: a wiped node's strays are not."""
    if not host.info.files.begun:
        return False
    if port.number == VXLAN:
        # A VXLAN device's socket belongs to the kernel; the device's name tells whose it is.
        return socket.owner is None and any(device.name == VXLAN_DEVICE for device in host.info.devices or ())
    return socket.owner == port.owner
