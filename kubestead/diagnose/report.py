"""What a host said of itself, as ``kubestead/facts/node_report.sh`` asks it. None is unknown, which is never well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kubestead.diagnose.report_parts import Asked, Binary, Disk, Page, Unit

__all__ = ["Asked", "Binary", "ControlPlane", "Disk", "Identity", "NodeReport", "Page", "Runtime", "Unit"]

# Tasks for each processor. Measured on the twin at 50: a healthy kubelet's page took longer than three seconds.
BUSY = 10


@dataclass(frozen=True)
class Runtime:
    """containerd: its configuration as it would read it now, and whether it answers.

    Args:
        config_there: config.toml is there and not empty.
        dump: how ``containerd config dump`` ended.
        systemd_cgroup, sandbox, cni_bin, cni_conf, disabled, internal_loopback: from that dump.
        answer: how ``ctr plugins ls`` ended.
        cri: the state of its CRI plugins by type, ``ok`` or ``error`` ...
        sandbox_state: ``complete`` when the sandbox image is there with all it is made of, ``absent`` ...
    """

    config_there: bool | None = None
    dump: Asked | None = None
    systemd_cgroup: bool | None = None
    sandbox: str | None = None
    cni_bin: str | None = None
    cni_conf: str | None = None
    disabled: tuple[str, ...] = ()
    internal_loopback: bool | None = None
    answer: Asked | None = None
    cri: Mapping[str, str] = field(default_factory=dict)
    sandbox_state: str | None = None


@dataclass(frozen=True)
class Identity:
    """Whom the kubelet believes and who it says it is; certificates as PEM text, empty where there is none.

    Args:
        server: the API it talks to.
        conf_ca, pki_ca: the CA in kubelet.conf, and in /etc/kubernetes/pki/ca.crt.
        client_file: the file kubelet.conf points at for its certificate; None where it holds one itself.
        client: that certificate.
        api: how asking the API for the own Node ended, with kubelet.conf as it is.
        tcp: how connecting to the API's address ended.
    """

    server: str | None = None
    conf_ca: str | None = None
    pki_ca: str | None = None
    client_file: str | None = None
    client: str | None = None
    api: Asked | None = None
    tcp: Asked | None = None


@dataclass(frozen=True)
class ControlPlane:
    """What a control plane host said of its static pods: manifests, processes (kernel's letter by name), answers."""

    manifests: tuple[str, ...] = ()
    processes: Mapping[str, str] = field(default_factory=dict)
    etcd: Page | None = None
    api: Asked | None = None
    certificates: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class NodeReport:
    """A host's own view.

    Args:
        boot_id, hostname: as the kernel says them.
        clock: its time of day, seconds since 1970; ``uptime`` in seconds.
        disks: one for each path a node lives on.
        memory_total, memory_available: bytes.
        tasks, tasks_max: threads of the whole kernel; ``pids``, ``pids_max`` of the control group the host runs in.
        load: how many tasks ran or waited to, over the last minute, and ``processors`` to run them.
        swaps: devices and files swapped to.
        clock_offset: seconds ahead of its time sources; ``clock_kept``: systemd takes it for synchronised.
        kubelet, containerd: the two services; ``runtime`` is what containerd makes of its configuration.
        binaries: by name: kubelet, containerd, shim, runc.
        files: ``there``, ``empty`` or ``missing`` by path.
        kubelet_config: config.yaml's text.
        kubelet_healthz, cilium_healthz: what the two say of themselves; ``cilium_process`` is the kernel's letter.
        identity: certificates, and the way to the API.
        cni_files: the text of each file in /etc/cni/net.d; ``cni_binaries``: the programs in /opt/cni/bin.
        control_plane: None where there is none on this host.
    """

    boot_id: str | None = None
    clock: float | None = None
    uptime: float | None = None
    hostname: str | None = None
    disks: tuple[Disk, ...] = ()
    memory_total: int | None = None
    memory_available: int | None = None
    tasks: int | None = None
    tasks_max: int | None = None
    load: float | None = None
    processors: int | None = None
    pids: int | None = None
    pids_max: int | None = None
    swaps: tuple[str, ...] | None = None
    clock_offset: float | None = None
    clock_kept: bool | None = None
    kubelet: Unit = field(default_factory=Unit)
    containerd: Unit = field(default_factory=Unit)
    binaries: Mapping[str, Binary] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    kubelet_config: str | None = None
    kubelet_healthz: Page | None = None
    cilium_healthz: Page | None = None
    cilium_process: str | None = None
    runtime: Runtime = Runtime()
    identity: Identity = Identity()
    cni_files: Mapping[str, str] | None = None
    cni_binaries: tuple[str, ...] | None = None
    control_plane: ControlPlane | None = None

    @property
    def busy(self) -> bool:
        """So much waits for a processor that not answering in time proves nothing."""
        return self.load is not None and self.load > BUSY * (self.processors or 1)
