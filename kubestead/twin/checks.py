"""Whether this machine can carry the twin asked for: numbers in, findings out. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from kubestead.errors import Finding
from kubestead.twin.machine import FILESYSTEMS, TOOLS, Machine
from kubestead.twin.plan import Node

# Measured on a lab of three with Cilium and Hubble: 2.9 GB of memory in all; 1.9 GiB of disk on the control plane.
MEMORY_MIB = {"control_plane": 1500, "workers": 800}
DISK_MIB = {"control_plane": 3072, "workers": 3072}
# A light twin's host with containerd installed (docs/scale.md).
LIGHT_MEMORY_MIB, LIGHT_DISK_MIB = 120, 450
IMAGE_MIB = 1200
CORES = 2


def findings(machine: Machine, new_nodes: Sequence[Node], image_cached: bool, light: bool = False) -> list[Finding]:
    """What speaks against starting ``new_nodes`` here, each with numbers and a fix; empty when nothing does.

    Args:
        new_nodes: the hosts that do not run yet.
        image_cached: False counts the room to make the host image too.
        light: they are a light twin's.
    """
    return [*_kernel(machine), *_tools(machine), *_room(machine, new_nodes, image_cached, light)]


def _tools(machine: Machine) -> list[Finding]:
    packages = " ".join(sorted({TOOLS[tool] for tool in machine.missing}))
    reason = "not installed"
    return [Finding(tool, reason, f"run 'apt-get install {packages}'") for tool in machine.missing]


def _kernel(machine: Machine) -> list[Finding]:
    found = []
    for name in sorted(FILESYSTEMS - machine.filesystems):
        found.append(Finding(f"/proc/filesystems: {name}", "the kernel does not offer it", f"run 'modprobe {name}'"))
    if not machine.loop:
        found.append(Finding("/dev/loop-control", "missing: no loop device for the hosts' /var", "run 'modprobe loop'"))
    if not machine.namespaces:
        fix = "use a kernel with CONFIG_NAMESPACES and all its kinds"
        found.append(Finding("/proc/self/ns", "no network, mount or cgroup namespaces", fix))
    if machine.lacking:
        reason = f"this root lacks {', '.join(machine.lacking)}"
        found.append(Finding("capabilities", reason, "run it outside of the container, or in a privileged one"))
    if machine.cgroup:
        found.append(Finding("cgroups", machine.cgroup, "see cgroups(7)"))
    if machine.state_filesystem in {"overlay", "nfs", "nfs4", "tmpfs", "fuse", "9p"}:
        reason, fix = "the hosts' disks cannot lie on such a file system", "set it to a folder on ext4, xfs or btrfs"
        found.append(Finding("XDG_STATE_HOME", reason, fix, machine.state_filesystem))
    return found


def _room(machine: Machine, new_nodes: Sequence[Node], image_cached: bool, light: bool) -> list[Finding]:
    memory = sum(LIGHT_MEMORY_MIB if light else MEMORY_MIB[node.group] for node in new_nodes)
    disk = sum(LIGHT_DISK_MIB if light else DISK_MIB[node.group] for node in new_nodes)
    found = []
    if new_nodes and machine.cores < CORES:
        reason = f"kubeadm refuses a control plane with fewer than {CORES}"
        found.append(Finding("cores", reason, "use a larger machine", machine.cores))
    if machine.memory < memory:
        reason = f"{machine.memory} MiB are available, {len(new_nodes)} more hosts need {memory} MiB"
        found.append(Finding("memory", reason, "end other programs, or ask for fewer with --workers"))
    for where, free, need in (
        ("disk of the twin's state", machine.state_disk, disk),
        ("disk of the cache", machine.cache_disk, 0 if image_cached else IMAGE_MIB),
    ):
        if free < need:
            reason = f"{free} MiB are free, {need} MiB are needed"
            fix = "free some ('kubestead cache prune'), or set XDG_STATE_HOME or XDG_CACHE_HOME elsewhere"
            found.append(Finding(where, reason, fix))
    return found
