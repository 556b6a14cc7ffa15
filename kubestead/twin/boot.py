"""How a host is switched on: the systemd-nspawn command line and the little script that leads to it. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from kubestead.twin import network
from kubestead.twin.plan import Node

# systemd-nspawn's exit status when the host asked for a reboot (EXIT_FORCE_RESTART of its source; seen here).
REBOOT_STATUS = 133


def environment(cgroup_version: Literal["v1", "v2"]) -> dict[str, str]:
    """systemd-nspawn's settings that have no option.

    They are the cgroup version inside, a writable /proc/sys and /sys, /tmp on disk, and no lock files.
    """
    return {
        "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1" if cgroup_version == "v2" else "0",
        "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "1",
        "SYSTEMD_NSPAWN_TMPFS_TMP": "0",
        # Its lock files would stay behind a power cut; the supervisor never starts a host twice.
        "SYSTEMD_NSPAWN_LOCK": "0",
    }


def nspawn_command(node: Node, binds: Mapping[str, str]) -> list[str]:
    """The command that runs a host on the folder ``root`` below the current one.

    It has all capabilities but the clock's, and the system calls Cilium, containerd and the kubelet need; clock and
    swap belong to the machine, so their calls stay denied.

    Args:
        binds: folders and files of the machine shown read-only, by their path inside.
    """
    return [
        "systemd-nspawn",
        "--quiet",
        "--boot",
        "--directory=root",
        f"--machine={node.machine}",
        f"--hostname={node.name}",
        "--register=no",
        "--keep-unit",
        f"--network-namespace-path={network.path(node.netns)}",
        "--capability=all",
        "--drop-capability=CAP_SYS_TIME",
        "--system-call-filter=@keyring bpf perf_event_open @raw-io @privileged @mount keyctl",
        "--system-call-filter=~@clock @swap",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        "--console=read-only",
        "--bind=/dev/kmsg",
        *(f"--bind-ro={outside}:{inside}" for inside, outside in binds.items()),
    ]


def script(nspawn: Sequence[str], cgroups: Sequence[Path]) -> str:
    """The shell script that takes itself into the host's cgroups, mounts its disks and becomes systemd-nspawn.

    Run by :func:`command`, with the host's folder as the working folder, so no path needs mount(8)'s escapes.
    """
    return "\n".join(
        [
            "set -eu",
            *(f"echo $$ > {shlex.quote(str(folder / 'cgroup.procs'))}" for folder in cgroups),
            "mount -t overlay overlay -o lowerdir=image,upperdir=upper,workdir=work root",
            "mount -o loop,discard var.ext4 root/var",
            f"exec {shlex.join(nspawn)}",
        ]
    )


def command(node: Node, text: str) -> list[str]:
    """The command that runs the script in the host's network namespace and a mount namespace of its own.

    The first because /sys shows the interfaces of the namespace it was mounted from; the second so that the host's
    mounts and loop device go when it ends.
    """
    inside = ["nsenter", f"--net={network.path(node.netns)}"]
    return [*inside, "unshare", "--mount", "--propagation", "private", "sh", "-c", text]
