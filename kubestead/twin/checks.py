"""Whether this machine can carry the twin asked for: facts gathered at the edge, findings from a pure function."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kubestead import cache
from kubestead.errors import Finding, KubesteadError
from kubestead.twin import cgroups
from kubestead.twin.plan import Node

# Command -> Debian and Ubuntu package.
TOOLS = {
    "systemd-nspawn": "systemd-container",
    "debootstrap": "debootstrap",
    "ip": "iproute2",
    "sysctl": "procps",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "losetup": "mount",
    "mkfs.ext4": "e2fsprogs",
    "depmod": "kmod",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
}

# Measured on a lab of three after its smoke test (see docs): used memory and disk, rounded up.
MEMORY_MIB = {"control_plane": 1500, "workers": 800}
DISK_MIB = {"control_plane": 4096, "workers": 4096}
IMAGE_MIB = 1200
CORES = 2


@dataclass(frozen=True)
class Machine:
    """What was found of the machine; sizes in MiB. ``cgroup`` is the error that was met there, or empty."""

    root: bool
    cores: int
    memory: int
    state_disk: int
    cache_disk: int
    state_filesystem: str
    missing: tuple[str, ...] = ()
    filesystems: frozenset[str] = frozenset({"overlay", "ext4"})
    loop: bool = True
    namespaces: bool = True
    cgroup: str = ""


def findings(machine: Machine, new_nodes: Sequence[Node], image_cached: bool) -> list[Finding]:
    """What speaks against starting ``new_nodes`` here, each with numbers and a fix; empty when nothing does.

    Args:
        new_nodes: the hosts that do not run yet.
        image_cached: False counts the room to make the host image too.
    """
    if not machine.root:
        return [
            Finding("user", "the twin needs root: namespaces, mounts, cgroups", "run it with sudo", value=os.geteuid())
        ]
    return [*_kernel(machine), *_tools(machine), *_room(machine, new_nodes, image_cached)]


def _tools(machine: Machine) -> list[Finding]:
    packages = " ".join(sorted({TOOLS[tool] for tool in machine.missing}))
    reason = "not installed"
    return [Finding(tool, reason, f"run 'apt-get install {packages}'") for tool in machine.missing]


def _kernel(machine: Machine) -> list[Finding]:
    found = []
    for name in sorted({"overlay", "ext4"} - machine.filesystems):
        found.append(Finding(f"/proc/filesystems: {name}", "the kernel does not offer it", f"run 'modprobe {name}'"))
    if not machine.loop:
        found.append(Finding("/dev/loop-control", "missing: no loop device for the hosts' /var", "run 'modprobe loop'"))
    if not machine.namespaces:
        found.append(
            Finding(
                "/proc/self/ns",
                "no network, mount or cgroup namespaces",
                "use a kernel with CONFIG_NAMESPACES and all its kinds",
            )
        )
    if machine.cgroup:
        found.append(Finding("cgroups", machine.cgroup, "see cgroups(7)"))
    if machine.state_filesystem in {"overlay", "nfs", "nfs4", "tmpfs", "fuse", "9p"}:
        found.append(
            Finding(
                "XDG_STATE_HOME",
                "the hosts' disks cannot lie on such a file system",
                "set XDG_STATE_HOME to a folder on ext4, xfs or btrfs",
                value=machine.state_filesystem,
            )
        )
    return found


def _room(machine: Machine, new_nodes: Sequence[Node], image_cached: bool) -> list[Finding]:
    memory = sum(MEMORY_MIB[node.group] for node in new_nodes)
    disk = sum(DISK_MIB[node.group] for node in new_nodes)
    found = []
    if new_nodes and machine.cores < CORES:
        found.append(
            Finding(
                "cores",
                f"kubeadm refuses a control plane with fewer than {CORES}",
                "use a larger machine",
                machine.cores,
            )
        )
    if machine.memory < memory:
        reason = f"{machine.memory} MiB are available, {len(new_nodes)} more hosts need {memory} MiB"
        found.append(Finding("memory", reason, "end other programs, or ask for fewer with --workers"))
    for where, free, need in (
        ("disk of the twin's state", machine.state_disk, disk),
        ("disk of the cache", machine.cache_disk, 0 if image_cached else IMAGE_MIB),
    ):
        if free < need:
            reason = f"{free} MiB are free, {need} MiB are needed"
            found.append(
                Finding(
                    where,
                    reason,
                    "free some ('kubestead cache prune'), or set XDG_STATE_HOME or XDG_CACHE_HOME elsewhere",
                )
            )
    return found


def machine(state: Path) -> Machine:
    """Look at this machine; ``state`` is the folder the hosts' disks will lie in."""
    kinds = Path("/proc/filesystems").read_text().split()
    try:
        own = cgroups.current()
        problem = (
            ""
            if cgroups.can_kill(own.unified)
            else f"the kernel ({os.uname().release}) has no cgroup.kill; 5.14 is the first that has"
        )
    except KubesteadError as error:
        problem = str(error)
    return Machine(
        root=os.geteuid() == 0,
        cores=len(os.sched_getaffinity(0)),
        memory=_memory_mib(),
        state_disk=_free_mib(state),
        cache_disk=_free_mib(cache.root()),
        state_filesystem=filesystem_of(_existing(state), Path("/proc/self/mountinfo").read_text()),
        missing=tuple(
            tool for tool in TOOLS if not shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        ),
        filesystems=frozenset(kinds),
        loop=Path("/dev/loop-control").exists(),
        namespaces=all(Path("/proc/self/ns", kind).exists() for kind in ("net", "mnt", "pid", "uts", "ipc", "cgroup")),
        cgroup=problem,
    )


def filesystem_of(path: Path, mountinfo: str) -> str:
    """The type of the file system ``path`` lies on, from ``/proc/PID/mountinfo``."""
    best, kind = "", ""
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        point = left.split(" ")[4]
        if path.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, right.split(" ")[0]
    return kind


def _existing(path: Path) -> Path:
    path = path.absolute()
    return next(folder for folder in (path, *path.parents) if folder.exists()).resolve()


def _free_mib(path: Path) -> int:
    return shutil.disk_usage(_existing(path)).free >> 20


def _memory_mib() -> int:
    """Available memory, or what the cgroups of this process leave of it where that is less."""
    available = next(
        int(line.split()[1]) << 10
        for line in Path("/proc/meminfo").read_text().splitlines()
        if line.startswith("MemAvailable:")
    )
    return min([available, *cgroups.memory_left()]) >> 20
