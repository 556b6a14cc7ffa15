"""Runs on a host: memory and processor time of Cilium's agent and of kube-proxy, as JSON. Standard library only."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

PROGRAMS = ("cilium-agent", "kube-proxy")
Found = dict[str, "str | float | None"]


def sample(proc: Path, cgroup: Path, ticks: int) -> Iterator[Found]:
    """One entry per process.

    Args:
        proc, cgroup: ``/proc`` and ``/sys/fs/cgroup``.
        ticks: of the clock that processor time is counted in, per second.
    """
    for folder in proc.glob("[0-9]*"):
        try:
            name = (folder / "comm").read_text().strip()
            if name in PROGRAMS:
                yield {
                    "program": name,
                    "rss_mib": _kib((folder / "status").read_text(), "VmRSS:") / 1024,
                    "working_set_mib": working_set((folder / "cgroup").read_text(), cgroup),
                    "cpu_seconds": cpu_seconds((folder / "stat").read_text(), ticks),
                }
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile


def cpu_seconds(stat: str, ticks: int) -> float:
    """Its own, and that of its children that have ended (proc(5)): an agent has clang compile its programs."""
    fields = stat.rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / ticks


def working_set(groups: str, root: Path) -> float | None:
    """The container's memory less file pages not used of late, in MiB, as the kubelet counts it; BPF maps are in it."""
    paths = {tuple(line.split(":", 2)[1:]) for line in groups.splitlines()}
    known = {name: path for names, path in paths for name in names.split(",")}
    if "memory" in known:
        folder = root / "memory" / known["memory"].lstrip("/")
        used, idle = "memory.usage_in_bytes", "total_inactive_file"
    else:
        folder = root / known.get("", "").lstrip("/")
        used, idle = "memory.current", "inactive_file"
    try:
        rest = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return (int((folder / used).read_text()) - int(rest[idle])) / 2**20
    except (OSError, KeyError, ValueError):
        return None


def _kib(status: str, key: str) -> float:
    return next((float(line.split()[1]) for line in status.splitlines() if line.startswith(key)), 0.0)


if __name__ == "__main__":
    print(json.dumps(list(sample(Path("/proc"), Path("/sys/fs/cgroup"), os.sysconf("SC_CLK_TCK")))))
