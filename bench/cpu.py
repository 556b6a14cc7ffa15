"""Where the machine's processor time went during a run: what of it was the twin's, what idle, what taken by others."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from kubestead.twin import cgroups, plan


@dataclass(frozen=True)
class Usage:
    """Processor seconds, all cores together.

    Args:
        busy: spent on anything.
        idle: not used, waiting for disks included.
        steal: wanted, but given to somebody else by the hypervisor.
        twin: what of ``busy`` the twin spent: its hosts and its mirror.
    """

    busy: float
    idle: float
    steal: float
    twin: float

    def __sub__(self, before: Usage) -> Usage:
        return Usage(
            self.busy - before.busy, self.idle - before.idle, self.steal - before.steal, self.twin - before.twin
        )

    @property
    def others(self) -> float:
        """What of ``busy`` was not the twin's: the controller's, and any noise."""
        return self.busy - self.twin


def now(twin: str) -> Usage:
    """The counters at this moment."""
    stat = parse_stat(Path("/proc/stat").read_text(), os.sysconf("SC_CLK_TCK"))
    return Usage(*stat, twin=_of_twin(twin))


def noise(twin: str, seconds: float = 3) -> float:
    """The share of all processor time that others than the twin take, 0 to 1, watched for some seconds."""
    before = now(twin)
    time.sleep(seconds)
    used = now(twin) - before
    return max(0.0, used.others + used.steal) / (used.busy + used.idle + used.steal)


def parse_stat(text: str, ticks: int) -> tuple[float, float, float]:
    """Busy, idle and steal seconds in ``/proc/stat`` (proc(5)), which counts in ``ticks`` per second."""
    user, nice, system, idle, iowait, irq, softirq, steal = (int(field) / ticks for field in text.split()[1:9])
    return user + nice + system + irq + softirq, idle + iowait, steal


def parse_cpu_stat(text: str) -> float:
    """Seconds used, by cgroup2's ``cpu.stat``."""
    return next((int(line.split()[1]) / 1e6 for line in text.splitlines() if line.startswith("usage_usec ")), 0.0)


def _of_twin(twin: str) -> float:
    # cgroup2 counts time without any controller, so also where the controllers are cgroup v1's.
    stats = [folder / "cpu.stat" for folder in cgroups.find(plan.cgroup(twin))]
    return sum(parse_cpu_stat(stat.read_text()) for stat in stats if stat.is_file())
