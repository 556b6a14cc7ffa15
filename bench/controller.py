"""What a run costs the controller by the number of hosts: hosts that answer at once, and are not there (``@fake``).

``python -m bench.controller 6 51 200 1000``: no root, no twin, no network. Encryption and connections are missing here;
everything else the controller does is real: reading, checking, planning, rendering, ordering, recording.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import child, machine
from bench.results import table, write_pair
from bench.run import RESULTS, say
from tests.deploys import runner

MORE_HOSTS = """\
from ipaddress import IPv4Address
import tests.fixtures.hosts as hosts
from kubestead.preflight import clock
clock.TOLERANCE = 3600  # theirs stand still
hosts.NODES = (hosts.NODES[0], *(
    hosts.node(f"k8s-worker{{n}}", str(IPv4Address("192.168.160.0") + n)) for n in range(1, {hosts})
))
"""


@dataclass(frozen=True)
class Taken:
    """A run of ``deploys/cluster.py`` on bare hosts: wall and processor seconds, and the most memory held."""

    hosts: int
    seconds: float
    cpu_seconds: float
    peak_memory_mib: float | None


def take(hosts: int) -> Taken:
    """One run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runner.prepare(folder)
        inventory = folder / "inventory.py"
        inventory.write_text(MORE_HOSTS.format(hosts=hosts) + inventory.read_text())
        argv = [sys.executable, "-m", "pyinfra", *runner.pyinfra("cluster", ["-y"])[1:]]
        done = child.run(argv, folder, runner.environment(folder), folder / "log")
    say(f"{hosts} hosts: {done.seconds:.1f} s, {done.cpu_seconds:.1f} s of CPU")
    return Taken(hosts, done.seconds, done.cpu_seconds, done.peak_memory_mib)


def main(counts: list[int]) -> None:
    """Take the numbers and write them down."""
    title, facts = machine.heading("The controller's own cost")
    taken = [take(hosts) for hosts in counts]
    columns = ("hosts", "wall, s", "CPU, s", "CPU per host, ms", "peak memory, MiB")
    rows = [
        (str(one.hosts), f"{one.seconds:.1f}", f"{one.cpu_seconds:.1f}", f"{1000 * one.cpu_seconds / one.hosts:.0f}",
         f"{one.peak_memory_mib:.0f}" if one.peak_memory_mib else "")
        for one in taken
    ]  # fmt: skip
    text = "A fresh cluster on hosts that answer at once and are not there: no SSH, everything else as in any run."
    body = f"{text}\n\n{table(columns, rows)}"
    print(write_pair(RESULTS, "controller", title, facts, {"taken": [asdict(one) for one in taken]}, body))


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [6, 51, 200, 1000])
