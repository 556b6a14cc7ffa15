"""The twin's control groups: always below those this process is in, in every hierarchy the machine has mounted.

cgroup v1 (each controller a hierarchy, with cgroup2 beside them as ``unified``) is what the twin was tested on; with
cgroup v2 alone the same tree is made once. Killing goes through ``cgroup.kill`` of cgroup2, which leaves no process.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kubestead.errors import KubesteadError

_ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Hierarchies:
    """The folders of the cgroups this process is in.

    Args:
        v1: one folder per cgroup v1 hierarchy; empty on a machine with cgroup v2 alone.
        unified: the folder in cgroup2.
    """

    v1: tuple[Path, ...]
    unified: Path

    @property
    def version(self) -> Literal["v1", "v2"]:
        """What the machine's controllers are mounted as."""
        return "v1" if self.v1 else "v2"

    @property
    def all(self) -> tuple[Path, ...]:
        """Every folder, the unified one last."""
        return (*self.v1, self.unified)


def parse(cgroups: str, mountinfo: str) -> Hierarchies:
    """Read ``/proc/PID/cgroup`` and ``/proc/PID/mountinfo`` (cgroups(7), proc(5)).

    Raises:
        KubesteadError: cgroup2 is not mounted.
    """
    mounts: dict[str, tuple[str, str]] = {}
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        if kind in {"cgroup", "cgroup2"}:
            root, point = left.split(" ")[3:5]
            for option in ("",) if kind == "cgroup2" else options.split(","):
                mounts.setdefault(option, (root, point))
    v1: dict[Path, None] = {}
    unified = None
    for line in cgroups.splitlines():
        _, controllers, path = line.split(":", 2)
        key = controllers.split(",")[0]
        if key in mounts:
            root, point = mounts[key]
            folder = Path(point) / path.removeprefix(root).strip("/")
            if key:
                v1[folder] = None
            else:
                unified = folder
    if unified is None:
        raise KubesteadError(
            "cgroup2 is not mounted, so a host cannot be switched off whole; "
            "mount it: mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified"
        )
    return Hierarchies(tuple(v1), unified)


def current() -> Hierarchies:
    """The hierarchies of this process."""
    return parse(Path("/proc/self/cgroup").read_text(), Path("/proc/self/mountinfo").read_text())


def create(parents: Hierarchies, name: str) -> Hierarchies:
    """Make the child ``name`` in every hierarchy and return the children; those that exist are kept.

    A new cpuset has no CPUs and no memory nodes and would take no process, so both are copied from its parent.
    """
    children = Hierarchies(tuple(folder / name for folder in parents.v1), parents.unified / name)
    for folder in children.all:
        folder.mkdir(exist_ok=True)
        for setting in ("cpuset.cpus", "cpuset.mems"):
            if parents.version == "v1" and (folder / setting).exists() and not (folder / setting).read_text().strip():
                (folder / setting).write_text((folder.parent / setting).read_text())
    return children


def delegate(folder: Path) -> None:
    """Offer every controller to the children of a cgroup v2 folder, which must hold no process itself by then.

    Raises:
        KubesteadError: the folder is shared with other processes; names the command that avoids it.
    """
    wanted = (folder / "cgroup.controllers").read_text().split()
    try:
        (folder / "cgroup.subtree_control").write_text(" ".join(f"+{controller}" for controller in wanted))
    except OSError as error:
        raise KubesteadError(
            f"{folder}: its controllers cannot be handed to the hosts ({error.strerror}); "
            "start the twin in a cgroup of its own: systemd-run --scope -p Delegate=yes kubestead twin up"
        ) from error


def enter(folders: Iterable[Path], pid: int = 0) -> None:
    """Move a process (this one when 0) into each of the folders."""
    for folder in folders:
        (folder / "cgroup.procs").write_text(str(pid or os.getpid()))


def kill(folder: Path, deadline: float = 20) -> None:
    """End every process in a cgroup2 folder and below it, and wait until none is left.

    Raises:
        KubesteadError: some process outlived the deadline (seconds).
    """
    try:
        (folder / "cgroup.kill").write_text("1")
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENODEV}:
            return
        raise KubesteadError(
            f"{folder}: cannot be killed ({error.strerror}); the kernel must be 5.14 or newer"
        ) from error
    end = time.monotonic() + deadline
    while populated(folder):
        if time.monotonic() > end:
            raise KubesteadError(f"{folder}: processes are left after {deadline:.0f} s; see them in cgroup.procs there")
        time.sleep(0.01)


def populated(folder: Path) -> bool:
    """Whether a cgroup2 folder, or one below it, holds a living process."""
    try:
        return "populated 1" in (folder / "cgroup.events").read_text()
    except OSError:
        return False


def remove(folder: Path, deadline: float = 5) -> None:
    """Remove a cgroup and those below it; all must be free of processes. One the kernel still cleans up is tried again.

    Raises:
        KubesteadError: a folder stayed busy past the deadline (seconds).
    """
    for path in [Path(top) for top, _, _ in os.walk(folder, topdown=False)]:
        end = time.monotonic() + deadline
        while path.exists():
            try:
                path.rmdir()
            except OSError as error:
                if error.errno == errno.ENOENT:
                    break
                if error.errno != errno.EBUSY or time.monotonic() > end:
                    raise KubesteadError(
                        f"{path}: cannot be removed ({error.strerror}); see its cgroup.procs"
                    ) from error
                time.sleep(0.01)


def find(name: str, root: Path = _ROOT) -> Iterator[Path]:
    """Every cgroup folder of this name in any hierarchy, wherever the process that made it was."""
    for top, folders, _ in os.walk(root):
        if name in folders:
            folders.remove(name)
            yield Path(top) / name
