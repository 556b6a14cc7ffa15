"""Numbers of the watcher: requests per minute, memory, detection delay, with the cluster's own nodes and with many.

``kubestead twin exec -- .venv/bin/python -m bench.watch``, on a cluster that is up. Many nodes are plain Node and Lease
objects, renewed by a process of their own; nothing runs on them, and they are deleted at the end.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated
from urllib.request import urlopen

import typer

from bench import machine
from bench.fakenodes import FakeNodes
from bench.results import table, write_pair
from bench.run import RESULTS, say
from kubestead.watch.api import connect

PORT = 19119
# A kubelet's lease is late from 15 s on (Settings.act_after); what comes on top is the watcher's own.
BY_RULE = 15.0
START_SECONDS = 90
LEAST_WELL = 0.98


@dataclass(frozen=True)
class Taken:
    """The numbers with one count of nodes.

    Args:
        nodes: all of them, fake ones too.
        renewals: of fake leases per second, as the machine carried them.
        requests_per_minute: the watcher's, while nothing happens, by verb and resource.
        delays: from a lease's last renewal until the watcher counts its node as not well, seconds.
        peak_memory_mib: the watcher's (VmHWM).
        cpu: of one processor, 0 to 1.
    """

    nodes: int
    renewals: float
    requests_per_minute: dict[str, float]
    delays: list[float]
    peak_memory_mib: float
    cpu: float


def main(
    fake: Annotated[list[int] | None, typer.Option(help="How many fake nodes; may be given again.")] = None,
    kubeconfig: Annotated[Path, typer.Option(help="The cluster.")] = Path(".kubestead/kubeconfig"),
    inventory: Annotated[Path, typer.Option(help="Its inventory.")] = Path("inventory/lab.py"),
    seconds: Annotated[int, typer.Option(min=60, help="How long requests are counted.")] = 120,
    failures: Annotated[int, typer.Option(min=1, help="How many fake nodes fall silent, one after the other.")] = 3,
    output: Annotated[Path, typer.Option(help="The folder the results are written to.")] = RESULTS,
) -> None:
    """Run a watcher on the cluster and take its numbers."""
    taken = [take(count, kubeconfig, inventory, seconds, failures) for count in fake or (0, 497)]
    title, facts = machine.heading("The watcher's numbers")
    data = {"taken": [asdict(one) for one in taken]}
    typer.echo(write_pair(output, "watch", title, facts, data, report(taken)))


def take(fake: int, kubeconfig: Path, inventory: Path, seconds: int, failures: int) -> Taken:
    """One row."""
    with FakeNodes(kubeconfig, fake) as nodes, watcher(kubeconfig, inventory) as pid:
        total = len(connect(kubeconfig).get("/api/v1/nodes")["items"])
        say(f"{total} nodes, {fake} of them fake")
        until_healthy(total)
        before, began, cpu = counts(), time.monotonic(), cpu_seconds(pid)
        time.sleep(seconds)
        took = time.monotonic() - began
        minutes = {key: (value - before.get(key, 0)) * 60 / took for key, value in counts().items()}
        load = (cpu_seconds(pid) - cpu) / took
        delays = [delay(nodes, number) for number in range(min(failures, fake))]
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
        peak = int(found[1]) / 1024 if found else 0.0
        return Taken(total, nodes.rate(), minutes, delays, peak, load)


@contextmanager
def watcher(kubeconfig: Path, inventory: Path, *options: str) -> Iterator[int]:
    """A watcher with these options more; its process id."""
    with tempfile.TemporaryDirectory(prefix="kubestead-bench-") as folder:
        argv = [sys.executable, "-m", "kubestead.cli", "watch", "--inventory", str(inventory)]
        argv += ["--kubeconfig", str(kubeconfig), "--folder", folder, "--metrics-port", str(PORT), *options]
        process = subprocess.Popen(argv, stdout=sys.stderr)
        try:
            yield process.pid
        finally:
            process.terminate()
            process.wait()


def metrics() -> str:
    """What the watcher tells Prometheus; empty while it does not."""
    try:
        with urlopen(f"http://127.0.0.1:{PORT}/metrics", timeout=5) as answer:
            text: str = answer.read().decode()
            return text
    except OSError:
        return ""


def counts() -> dict[str, float]:
    """Requests so far, by verb and resource."""
    found = re.findall(r'^kubestead_watch_api_requests_total\{resource="(\w+)",verb="(\w+)"\} (\S+)', metrics(), re.M)
    return {f"{verb} {resource}": float(count) for resource, verb, count in found}


def state(name: str) -> int:
    """How many nodes the watcher counts as ``healthy`` or ``unwell``."""
    found = re.search(rf'^kubestead_watch_nodes\{{state="{name}"\}} (\S+)', metrics(), re.M)
    return int(float(found[1])) if found else -1


def until_healthy(nodes: int) -> None:
    """Wait until the watcher sees all of them well."""
    end = time.monotonic() + START_SECONDS
    # Some renewals are late on a machine that can hardly carry them; they are no matter of the watcher.
    while state("healthy") < LEAST_WELL * nodes:
        if time.monotonic() > end:
            raise SystemExit(f"bench: {state('healthy')} of {nodes} nodes are well after {START_SECONDS} s")
        time.sleep(1)


def delay(nodes: FakeNodes, number: int) -> float:
    """One fake node falls silent: seconds from its last renewal until the watcher counts it."""
    before = state("unwell")
    last = nodes.silence(number)
    while state("unwell") <= before:
        time.sleep(0.1)
    took = time.time() - last
    say(f"counted after {took:.1f} s")
    return took


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def report(taken: list[Taken]) -> str:
    """The numbers in Markdown."""
    rows = []
    for one in taken:
        delays = f"{statistics.median(one.delays):.1f} ({max(one.delays):.1f} at most)" if one.delays else ""
        rows.append(
            (str(one.nodes), f"{sum(one.requests_per_minute.values()):.1f}", delays, f"{one.peak_memory_mib:.0f}",
             f"{one.cpu:.1%}", f"{one.renewals:.1f}")
        )  # fmt: skip
    columns = ("nodes", "requests per minute", "detected after, s", "peak memory, MiB", "CPU", "fake renewals per s")
    text = (
        f"Requests are counted by the watcher's own client while nothing happens. Detection is from a lease's last "
        f"renewal; {BY_RULE:.0f} s of it are the rule, which no watcher of leases that are renewed every 10 s should "
        f"undercut."
    )
    kinds = [
        (str(one.nodes), key, f"{value:.1f}")
        for one in taken
        for key, value in one.requests_per_minute.items()
        if value
    ]
    parts = [text, table(columns, rows), "## Requests per minute", table(("nodes", "", ""), kinds)]
    return "\n\n".join(parts)


if __name__ == "__main__":
    typer.run(main)
