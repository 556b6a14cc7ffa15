"""The watcher on a real cluster: it restarts what stopped, two share a Lease, healthy nodes are left alone.

The faults of `kubestead twin break` run in test_faults.py; these are the watcher's own promises.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.twin.conftest import Twin, eventually
from tests.twin.operator import KUBECTL, deploy

WORKERS = ("k8s-worker1", "k8s-worker2")
WORKER = WORKERS[0]
STARTED = "systemctl show kubelet containerd -p ExecMainStartTimestampMonotonic; cat /proc/sys/kernel/random/boot_id"
RECOVERY_SECONDS = 180


class Watching:
    """A watcher that runs in the twin's network."""

    def __init__(self, twin: Twin, folder: Path, *options: str) -> None:
        self.folder = folder
        argv = [sys.executable, "-m", "kubestead.cli", "twin", "exec", "--name", twin.name, "--"]
        argv += [sys.executable, "-m", "kubestead.cli", "watch", "--folder", str(folder), *options]
        self.process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)

    def told(self, decision: str, node: str = "") -> list[dict[str, Any]]:
        """Lines of its audit."""
        path = self.folder / "audit.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [line for line in lines if line["decision"] == decision and line.get("node", "") == node]

    def remedy_runs(self) -> list[Path]:
        """What its remedies said."""
        return sorted(path for path in (self.folder / "runs").glob("*.log") if "diagnose" not in path.name)


def knows_the_workers(twin: Twin) -> bool:
    """A watcher has seen them renew their leases; before, nodes this young are left to whoever builds them."""
    told = twin.ssh("k8s-cp", f"{KUBECTL} -n kube-system get --ignore-not-found configmap/kubestead-recovery -o yaml")
    return all(f'"{worker}"' in told for worker in WORKERS)


@pytest.fixture
def watch(built: Twin, tmp_path: Path) -> Iterator[Callable[..., Watching]]:
    """Starts watchers; ends them, and makes the node well, whatever the test did."""
    built.ssh("k8s-cp", f"{KUBECTL} -n kube-system delete --ignore-not-found configmap/kubestead-recovery")
    running: list[Watching] = []

    def start(name: str, *options: str) -> Watching:
        running.append(Watching(built, tmp_path / name, *options))
        return running[-1]

    yield start
    for one in running:
        one.process.terminate()
        one.process.wait(60)
    built.ssh("k8s-cp", f"{KUBECTL} annotate node {WORKER} kubestead.dev/recovery- > /dev/null")
    for worker in WORKERS:
        built.must("heal", worker)
    deploy(built, "restart_kubelet", *(word for worker in WORKERS for word in ("--limit", worker)))


@pytest.mark.twin
def test_a_stopped_kubelet_is_restarted_and_no_other_node_is_touched(
    built: Twin, watch: Callable[..., Watching]
) -> None:
    others = {node: built.ssh(node, STARTED) for node in ("k8s-cp", "k8s-worker2")}
    one = watch("one")
    eventually(lambda: one.told("leads") and knows_the_workers(built), 60)
    built.ssh(WORKER, "systemctl stop kubelet")
    eventually(lambda: one.told("recovered", WORKER), RECOVERY_SECONDS)
    [apply] = one.told("apply", WORKER)
    assert apply.items() >= {"cause": "kubelet-stopped", "remedy": "restart_kubelet"}.items()
    assert one.told("back", WORKER)
    assert len(one.remedy_runs()) == 1
    assert {node: built.ssh(node, STARTED) for node in others} == others
    events = built.ssh("k8s-cp", f"{KUBECTL} get events --field-selector involvedObject.name={WORKER} -o jsonpath="
                       "'{.items[*].reason}'")  # fmt: skip
    assert {"RecoveryDiagnosed", "RecoveryStarted", "RecoveryEnded"} <= set(events.split())


@pytest.mark.twin
def test_a_watcher_killed_in_the_middle_of_a_remedy_is_succeeded_by_the_other(
    built: Twin, watch: Callable[..., Watching]
) -> None:
    first = watch("first")
    eventually(lambda: first.told("leads") and knows_the_workers(built), 60)
    second = watch("second")
    eventually(lambda: second.told("follows"), 60)
    built.ssh(WORKER, "systemctl stop kubelet")
    eventually(first.remedy_runs, RECOVERY_SECONDS)
    os.kill(first.process.pid, signal.SIGKILL)
    eventually(lambda: second.told("interrupted", WORKER), RECOVERY_SECONDS)
    eventually(lambda: second.told("recovered", WORKER), RECOVERY_SECONDS)
    assert not second.told("hand-over", WORKER)


@pytest.mark.twin_long
def test_a_paused_node_is_left_alone(built: Twin, watch: Callable[..., Watching]) -> None:
    built.ssh("k8s-cp", f"{KUBECTL} annotate node {WORKER} kubestead.dev/recovery=paused > /dev/null")
    one = watch("one")
    eventually(lambda: one.told("leads") and knows_the_workers(built), 60)
    built.ssh(WORKER, "systemctl stop kubelet")
    eventually(lambda: one.told("hold", WORKER), RECOVERY_SECONDS)
    assert not one.remedy_runs()


@pytest.mark.twin_long
def test_kubelets_of_all_workers_are_restarted_one_at_a_time(built: Twin, watch: Callable[..., Watching]) -> None:
    one = watch("one")
    eventually(lambda: one.told("leads") and knows_the_workers(built), 60)
    for worker in WORKERS:
        built.ssh(worker, "systemctl stop kubelet")
    eventually(lambda: all(one.told("recovered", worker) for worker in WORKERS), RECOVERY_SECONDS)
    applied = [apply for worker in WORKERS for apply in one.told("apply", worker)]
    assert [apply["remedy"] for apply in applied] == ["restart_kubelet"] * 2
    begun = sorted(apply["time"] for apply in applied)
    assert begun[1] > min(back["time"] for worker in WORKERS for back in one.told("back", worker))


@pytest.mark.twin_long
def test_in_a_storm_no_power_is_switched(built: Twin, watch: Callable[..., Watching]) -> None:
    """Both workers dark look like a fault they share: it is told, and waits for a person."""
    one = watch("one")
    eventually(lambda: one.told("leads") and knows_the_workers(built), 60)
    for worker in WORKERS:
        built.must("break", worker, "power-off")
    eventually(lambda: all("storm" in held(one, worker) for worker in WORKERS), RECOVERY_SECONDS)
    assert [built.host(worker)["power"] for worker in WORKERS] == ["off", "off"]
    assert not one.remedy_runs()


def held(watching: Watching, node: str) -> set[str]:
    """The guards that held a remedy for a node."""
    return {line["guard"] for line in watching.told("hold", node)}


@pytest.mark.twin_long
def test_a_fault_that_returns_is_a_persons_when_the_budget_is_spent(
    built: Twin, watch: Callable[..., Watching]
) -> None:
    one = watch("one", "--budget", "1", "--cool-down", "0")
    eventually(lambda: one.told("leads") and knows_the_workers(built), 60)
    built.ssh(WORKER, "systemctl stop kubelet")
    eventually(lambda: one.told("recovered", WORKER), RECOVERY_SECONDS)
    built.ssh(WORKER, "systemctl stop kubelet")
    eventually(lambda: one.told("hand-over", WORKER), RECOVERY_SECONDS)
    [handed] = one.told("hand-over", WORKER)
    assert handed["why"] == "1 climbs within 6 h did not last"
    assert len(one.remedy_runs()) == 1
    assert built.ssh(WORKER, "systemctl is-active kubelet || true") == "inactive"
