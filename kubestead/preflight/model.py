"""What is known of one host: plain types, made by the parsers and read by the checks. Unknown is None, not healthy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface
from typing import Any, Literal

from pydantic import TypeAdapter

from kubestead.membership import Membership
from kubestead.netplan import Route


@dataclass(frozen=True)
class OsRelease:
    """``ID``, ``VERSION_ID``, ``VERSION_CODENAME`` and ``PRETTY_NAME`` of /etc/os-release."""

    id: str | None = None
    version: str | None = None
    codename: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Filesystem:
    """What is left on the filesystem that holds a folder: GiB and inodes an ordinary user may still take.

    ``free_inodes`` is None on a filesystem that has no fixed number of them (btrfs).
    """

    free_gib: float | None = None
    free_inodes: int | None = None


@dataclass(frozen=True)
class Device:
    """A network device: MAC address, IPv4 addresses as ``192.168.1.187/24``, MTU in bytes, and IPv6 addresses but for
    those of the link alone."""

    name: str
    mac: str | None = None
    addresses: tuple[str, ...] = ()
    mtu: int | None = None
    addresses_v6: tuple[str, ...] = ()

    def holds(self, address: IPv4Address) -> bool:
        """Whether ``address`` is one of this device's own."""
        return any(IPv4Interface(own).ip == address for own in self.addresses)


@dataclass(frozen=True)
class Socket:
    """A listening socket; ``owner`` is the process (15 characters), None when the kernel or nobody visible holds it."""

    protocol: Literal["tcp", "udp"]
    address: str
    port: int
    owner: str | None = None


@dataclass(frozen=True)
class LockHolder:
    """Who holds a lock of apt or dpkg."""

    path: str
    pid: int
    process: str


@dataclass(frozen=True)
class ClusterFiles:
    """What kubeadm left on a host: whether each file is there, None when it could not be seen (no root).

    ``kubelet_server`` is the ``server:`` of kubelet.conf (``https://k8s-api:6443``); ``ca_sha256`` names the cluster by
    the digest of its CA certificate; ``interrupted`` is what a run of ours began here and never finished.
    """

    admin_conf: bool | None = None
    kubelet_conf: bool | None = None
    bootstrap_kubelet_conf: bool | None = None
    apiserver_manifest: bool | None = None
    ca_certificate: bool | None = None
    etcd_data: bool | None = None
    kubelet_config: bool | None = None
    kubelet_server: str | None = None
    ca_sha256: str | None = None
    interrupted: Literal["init", "join"] | None = None

    @property
    def holds_control_plane(self) -> bool | None:
        """Whether any trace of a control plane is here; None when that could not be seen."""
        return _any(self.admin_conf, self.apiserver_manifest, self.etcd_data)

    @property
    def joined(self) -> bool | None:
        """Whether this host was made part of a cluster, as a control plane or as a worker."""
        return _any(self.holds_control_plane, self.kubelet_conf)

    @property
    def begun(self) -> bool | None:
        """Whether kubeadm has worked here, even if it did not finish."""
        return _any(self.joined, self.bootstrap_kubelet_conf, self.kubelet_config, self.interrupted is not None)

    @property
    def membership(self) -> Membership | None:
        """The same as the phases reason about it; None when the files could not be seen."""
        if self.joined is None:
            return None
        return Membership(
            is_control_plane=bool(self.apiserver_manifest and self.admin_conf),
            is_member=bool(self.kubelet_conf),
            server=self.kubelet_server,
            interrupted=self.interrupted,
            has_etcd_data=bool(self.etcd_data),
        )


def _any(*values: bool | None) -> bool | None:
    if any(values):
        return True
    return None if None in values else False


@dataclass(frozen=True)
class HostInfo:
    """Everything one command tells about a host. Collections are None when they could not be read, else complete."""

    os: OsRelease = OsRelease()
    architecture: str | None = None
    cores: int | None = None
    memory_mib: int | None = None
    root: Filesystem = Filesystem()
    var: Filesystem = Filesystem()
    hostname: str | None = None
    machine_id: str | None = None
    devices: tuple[Device, ...] | None = None
    routes: tuple[Route, ...] | None = None
    routes_v6: tuple[Route, ...] | None = None
    sockets: tuple[Socket, ...] | None = None
    swap_devices: tuple[str, ...] | None = None
    cgroup_version: Literal[1, 2] | None = None
    cgroup_controllers: tuple[str, ...] | None = None
    kernel: str | None = None
    kernel_features: Mapping[str, bool | None] = field(default_factory=dict)
    btf: bool | None = None
    euid: int | None = None
    clock: float | None = None
    files: ClusterFiles = ClusterFiles()
    package_locks: tuple[LockHolder, ...] = ()
    packages: Mapping[str, str] | None = None
    active_units: tuple[str, ...] | None = None
    ufw_enabled: bool | None = None
    systemd: bool | None = None
    apparmor: bool | None = None

    def device_of(self, address: IPv4Address) -> Device | None:
        """The device that holds ``address``, if any does."""
        return next((device for device in self.devices or () if device.holds(address)), None)

    def to_json(self) -> Any:
        """Plain values, as ``pyinfra INVENTORY fact kubestead.facts.host.HostFacts`` prints them."""
        return TypeAdapter(HostInfo).dump_python(self, mode="json")
