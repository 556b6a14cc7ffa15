"""How long recovery takes: a stopped kubelet under the watcher, and a reboot beside the host's own.

``kubestead twin exec -- .venv/bin/python -m bench.recovery``, on a twin's cluster that is up; nobody else watches it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from bench import machine
from bench.results import Spread, table, write_pair
from bench.run import RESULTS, say
from bench.watch import metrics, watcher
from kubestead.twin import commands
from kubestead.watch.api import NODES, Api, Unanswered, connect, namespaced

LEASE_PERIOD = 10.0
LIMIT_SECONDS = 600
LIMIT = """\
A kubelet renews its lease every 10 s, and no node whose lease is younger than 15 s is touched. So with a lease of age
*a* at the fault the remedy begins 15 - *a* seconds after it at the earliest, 5 to 15; then the kubelet has to start,
which takes {start:.1f} s on this machine when it is told at once (`systemctl restart kubelet` to the first renewed
lease). The least that can be reached is {start:.1f} + 5 to {start:.1f} + 15 s after the fault, and {start:.1f} + 15 s
after the last sign of health."""


@dataclass(frozen=True)
class Stopped:
    """A kubelet that was stopped: its lease's age then, and seconds to the first renewed lease with Ready=True."""

    age: float
    after_fault: float
    after_sign: float


@dataclass(frozen=True)
class Rebooted:
    """Seconds until the node is Ready in another boot, by the host's own ``reboot`` and by ``deploys/reboot.py``."""

    own: float
    deploy: float


def main(
    twin: Annotated[str, typer.Option(help="The twin's name.")] = "default",
    node: Annotated[str, typer.Option(help="The worker that is broken.")] = "k8s-worker1",
    stops: Annotated[int, typer.Option(min=1, help="How often its kubelet is stopped, at ages 0 to 10 s.")] = 10,
    reboots: Annotated[int, typer.Option(min=1, help="How often it reboots, each way.")] = 3,
    kubeconfig: Annotated[Path, typer.Option(help="The cluster.")] = Path(".kubestead/kubeconfig"),
    inventory: Annotated[Path, typer.Option(help="Its inventory.")] = Path("inventory/lab.py"),
    output: Annotated[Path, typer.Option(help="The folder the results are written to.")] = RESULTS,
) -> None:
    """Break a worker again and again, and write how long it took to come back."""
    worker = Worker(connect(kubeconfig), twin, node)
    start = min(worker.restarted() for _ in range(3))
    say(f"a kubelet needs {start:.1f} s to start")
    with watcher(kubeconfig, inventory, "--budget", "1000", "--cool-down", "0"):
        stopped = [stop(worker, number, number * LEASE_PERIOD / stops) for number in range(stops)]
    rebooted = [reboot(worker, inventory) for _ in range(reboots)]
    title, facts = machine.heading("Recovery's numbers")
    data = {"start": start, "stopped": list(map(asdict, stopped)), "rebooted": list(map(asdict, rebooted))}
    typer.echo(write_pair(output, "recovery", title, facts, data, report(start, stopped, rebooted)))


class Worker:
    """The node that is broken, by the API and by SSH."""

    def __init__(self, api: Api, twin: str, node: str) -> None:
        self.api, self.twin, self.node = api, twin, node

    def ssh(self, command: str) -> None:
        """Run a command; a reboot may cut it off."""
        subprocess.run(commands.ssh_command(self.twin, self.node, "root", [command]), check=False, capture_output=True)

    def renewed(self) -> float:
        """When its lease was renewed last, seconds since 1970; the twin's hosts share this machine's clock."""
        lease = self.api.get(f"{namespaced('kube-node-lease', 'leases')}/{self.node}")
        return datetime.fromisoformat(lease["spec"]["renewTime"].replace("Z", "+00:00")).timestamp()

    def boot(self) -> str:
        """The boot its kubelet told of; empty while it is not Ready."""
        status: dict[str, Any] = self.api.get(f"{NODES}/{self.node}")["status"]
        ready = any(one["type"] == "Ready" and one["status"] == "True" for one in status["conditions"])
        return str(status["nodeInfo"]["bootID"]) if ready else ""

    def restarted(self) -> float:
        """Seconds from a restart of its kubelet to the first renewed lease."""
        before = time.time()
        self.ssh("systemctl restart kubelet")
        until(lambda: self.renewed() > before + 0.1 and self.boot())
        return self.renewed() - before


def stop(worker: Worker, number: int, age: float) -> Stopped:
    """Stop its kubelet when its lease is so old, and wait until the watcher has brought it back."""
    before = worker.renewed()
    until(lambda: worker.renewed() > before)
    sign = worker.renewed()
    until(lambda: time.time() - sign >= age)
    worker.ssh("systemctl stop kubelet")
    fault, sign = time.time(), worker.renewed()
    until(lambda: worker.renewed() > fault and worker.boot())
    taken = Stopped(fault - sign, worker.renewed() - fault, worker.renewed() - sign)
    say(f"kubelet stopped, lease {taken.age:.1f} s old: back after {taken.after_fault:.1f} s")
    until(lambda: recovered() > number)
    return taken


def recovered() -> int:
    """How many restarts of a kubelet the watcher calls a recovery so far."""
    pattern = r'^kubestead_recovery_remedies_total\{outcome="recovered",remedy="restart_kubelet"\} (\S+)'
    found = re.search(pattern, metrics(), re.M)
    return int(float(found[1])) if found else 0


def reboot(worker: Worker, inventory: Path) -> Rebooted:
    """One reboot each way."""
    own = booted(worker, lambda: worker.ssh("systemctl reboot"))
    pyinfra = str(Path(sys.executable).with_name("pyinfra"))
    argv = [pyinfra, "-y", str(inventory), "deploys/reboot.py", "--limit", worker.node, "--data", "force=true"]
    deploy = booted(worker, lambda: subprocess.run(argv, check=True, capture_output=True))
    say(f"reboot: the host's own {own:.1f} s, deploys/reboot.py {deploy:.1f} s")
    return Rebooted(own, deploy)


def booted(worker: Worker, order: Callable[[], object]) -> float:
    """Seconds from an order to the end of all it has to see: another boot that is Ready, and the order itself."""
    boot = worker.boot()
    began = time.monotonic()
    order()
    until(lambda: worker.boot() not in ("", boot))
    return time.monotonic() - began


def until(condition: Callable[[], object]) -> None:
    """Watch a condition; an API that does not answer is asked again."""
    end = time.monotonic() + LIMIT_SECONDS
    while True:
        try:
            if condition():
                return
        except Unanswered:
            pass
        if time.monotonic() > end:
            raise SystemExit(f"bench: not within {LIMIT_SECONDS} s")
        time.sleep(0.1)


def report(start: float, stopped: list[Stopped], rebooted: list[Rebooted]) -> str:
    """The numbers in Markdown."""
    rows = [
        ("after the fault", str(Spread.of(one.after_fault for one in stopped))),
        ("after the last sign of health", str(Spread.of(one.after_sign for one in stopped))),
    ]
    each = [(f"{one.age:.1f}", f"{one.after_fault:.1f}", f"{one.after_sign:.1f}") for one in stopped]
    ways = [
        ("the host's own `systemctl reboot`", str(Spread.of(one.own for one in rebooted))),
        ("`deploys/reboot.py`, whole, with drain", str(Spread.of(one.deploy for one in rebooted))),
        ("ratio", str(Spread.of(one.deploy / one.own for one in rebooted))),
    ]
    return "\n\n".join(
        [
            "## A stopped kubelet, the watcher on\n\nSeconds to the first renewed lease with Ready=True.",
            table(("", "least / **median** / most"), rows),
            LIMIT.format(start=start),
            table(("lease's age at the fault, s", "after the fault, s", "after the last sign of health, s"), each),
            "## A reboot\n\nSeconds from the order to a Ready node of another boot.",
            table(("", "least / **median** / most"), ways),
        ]
    )


if __name__ == "__main__":
    typer.run(main)
