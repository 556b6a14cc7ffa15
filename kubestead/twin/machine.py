"""What this machine is and has, as far as a twin asks."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kubestead import cache
from kubestead.errors import KubesteadError
from kubestead.twin import cgroups
from kubestead.twin.process import run

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

FILESYSTEMS = frozenset({"overlay", "ext4"})
# Bits of capabilities(7); root in a container may lack them.
_CAPABILITIES = {"CAP_NET_ADMIN": 12, "CAP_SYS_ADMIN": 21, "CAP_MKNOD": 27}
_NAMESPACES = ("net", "mnt", "pid", "uts", "ipc", "cgroup")


@dataclass(frozen=True)
class Machine:
    """What was found of the machine; sizes in MiB. ``cgroup`` is the error that was met there, or empty."""

    cores: int
    memory: int
    state_disk: int
    cache_disk: int
    state_filesystem: str
    missing: tuple[str, ...] = ()
    filesystems: frozenset[str] = FILESYSTEMS
    loop: bool = True
    namespaces: bool = True
    lacking: tuple[str, ...] = ()
    cgroup: str = ""


def require_root() -> None:
    """Raise KubesteadError unless this process is root's: all of a twin is namespaces, mounts and cgroups."""
    if os.geteuid() != 0:
        raise KubesteadError(
            f"user {os.geteuid()}: the twin needs root for its namespaces, mounts and cgroups; run it with sudo"
        )


def look(state: Path) -> Machine:
    """Look at this machine; ``state`` is the folder the hosts' disks will lie in."""
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        memory=_memory_mib(),
        state_disk=_free_mib(state),
        cache_disk=_free_mib(cache.root()),
        state_filesystem=filesystem_of(_existing(state), Path("/proc/self/mountinfo").read_text()),
        missing=tuple(tool for tool in TOOLS if not shutil.which(tool)),
        filesystems=_filesystems(load=True),
        loop=Path("/dev/loop-control").exists(),
        namespaces=all(Path("/proc/self/ns", kind).exists() for kind in _NAMESPACES),
        lacking=lacking(Path("/proc/self/status").read_text()),
        cgroup=_cgroup_problem(),
    )


def _filesystems(*, load: bool) -> frozenset[str]:
    """The file systems the kernel offers; those a twin needs are loaded first where they are modules."""
    known = frozenset(Path("/proc/filesystems").read_text().split())
    if not load or known >= FILESYSTEMS or not shutil.which("modprobe"):
        return known
    for name in FILESYSTEMS - known:
        run(["modprobe", "--quiet", name], check=False)
    return _filesystems(load=False)


def _cgroup_problem() -> str:
    try:
        can = _can_kill(cgroups.current().unified)
    except KubesteadError as error:
        return str(error)
    return "" if can else f"the kernel ({os.uname().release}) has no cgroup.kill; 5.14 is the first that has"


def lacking(status: str) -> tuple[str, ...]:
    """The capabilities a twin needs that are not in force, from ``/proc/PID/status``."""
    effective = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:"))
    return tuple(name for name, bit in _CAPABILITIES.items() if not effective >> bit & 1)


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
    return min([available, *_memory_left()]) >> 20


def _can_kill(folder: Path) -> bool:
    """Whether this kernel has ``cgroup.kill`` (Linux 5.14); the root of the hierarchy has none, its children do."""
    release = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])
    return (folder / "cgroup.kill").exists() or release >= (5, 14)


def _memory_left() -> list[int]:
    """Bytes left of each memory limit of this process's cgroups and of those above; empty where nothing is limited."""
    left = []
    for folder in cgroups.current().all:
        for path in (folder, *folder.parents):
            for limit, usage in (("memory.limit_in_bytes", "memory.usage_in_bytes"), ("memory.max", "memory.current")):
                with suppress(OSError, ValueError):
                    left.append(int((path / limit).read_text()) - int((path / usage).read_text()))
    return left
