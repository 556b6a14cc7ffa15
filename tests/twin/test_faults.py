"""Every fault the twin can be given: found, mended by the least remedy or handed over, and nobody else touched.

A few run in CI (mark ``twin``); all of them with ``make test-faults``, resumable: what passed on a commit is not run
again there, and its results are what docs/recovery.md shows (tests/twin/proof.py).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kubestead.twin.faults.catalogue import faults
from kubestead.twin.faults.model import Fault
from tests.twin import proof
from tests.twin.canary import Canary
from tests.twin.conftest import Twin, eventually
from tests.twin.operator import KUBECTL, NODES, Run, deploy

BYSTANDER = "k8s-worker2"
# One of each kind, the quick ones; the others are for `make test-faults`.
IN_CI = ("kubelet-stopped", "containerd-config-not-toml", "kubelet-certificate-expired", "cordoned")


def marked(fault: Fault) -> Any:
    """The fault as a case of the test, with its marks."""
    where = pytest.mark.twin if fault.name in IN_CI else pytest.mark.twin_long
    return pytest.param(fault, id=fault.name, marks=[where, pytest.mark.fault])


@pytest.fixture(scope="module")
def canary(built: Twin) -> Iterator[Canary]:
    """The workload nobody may touch."""
    canary = Canary(built, BYSTANDER)
    canary.start()
    yield canary
    canary.stop()


def broken(fault: Fault) -> str:
    """The host that gets the fault."""
    return "k8s-worker1" if "worker" in fault.roles else "k8s-cp"


def patient(fault: Fault) -> str:
    """The node that suffers from it: of a fault of the cluster, a worker."""
    return "k8s-cp" if fault.roles == ("control-plane",) else "k8s-worker1"


def diagnose(twin: Twin, node: str, folder: Path) -> dict[str, Any]:
    """What ``deploys/diagnose.py`` says of a node."""
    path = folder / "diagnosis.jsonl"
    limits = [argument for name in dict.fromkeys((node, "k8s-cp")) for argument in ("--limit", name)]
    run = deploy(twin, "diagnose", *limits, "--data", f"diagnosis_file={path}")
    assert path.is_file(), run.text
    found = {one["node"]: one for one in map(json.loads, path.read_text().splitlines())}
    path.unlink()
    answer: dict[str, Any] = found[node]
    return answer


def recover(twin: Twin, node: str, cause: str) -> Run:
    """``deploys/recover.py`` on one node; one that SSH cannot reach is recovered by way of the control plane."""
    outside = ["--limit", "k8s-cp"] if cause in ("host-off", "host-unreachable") else []
    return deploy(twin, "recover", "--limit", node, *outside)


def others(twin: Twin, node: str) -> str:
    """Boots and services of the hosts that have no fault; equal while nobody touched them."""
    return "\n".join(
        twin.ssh(
            other,
            "cat /proc/sys/kernel/random/boot_id; "
            "systemctl show containerd kubelet -p Id,MainPID,ExecMainStartTimestampMonotonic,NRestarts",
        )
        for other in NODES
        if other != node
    )


@pytest.mark.parametrize("fault", [marked(fault) for fault in faults().values()])
def test_fault(built: Twin, canary: Canary, fault: Fault, tmp_path: Path) -> None:
    if proof.KEPT.passed(fault.name):
        pytest.skip("passed on this commit already")
    host, node = broken(fault), patient(fault)
    until_pods_are_ready(built, node)
    bystanders, watched = others(built, node), canary.state()

    built.must("break", host, fault.name)
    began = time.monotonic()
    try:
        answer = until_found(built, node, fault, tmp_path)
        found = time.monotonic() - began
        run = recover(built, node, answer["cause"])
        seconds = time.monotonic() - began - found
        assert (run.returncode == 0) is (fault.cure == "remedy"), run.text
        if fault.cure == "person":
            assert answer["advice"] in run.text
        else:
            after = diagnose(built, node, tmp_path)
            assert after["cause"] == "healthy", after
    finally:
        built.must("heal", host, fault.name)
        mended(built, node, tmp_path)

    assert others(built, node) == bystanders
    assert canary.state() == watched
    proof.record(fault, answer, run.text, found=found, seconds=seconds)


def mended(twin: Twin, node: str, folder: Path) -> None:
    """What a person does at the end: remedies that did not help may have left it cordoned, or reset."""
    try:
        eventually(lambda: diagnose(twin, node, folder)["cause"] == "healthy", seconds=60)
    except AssertionError:
        run = recover(twin, node, "")
        assert run.returncode == 0, run.text
    until_pods_are_ready(twin, node)


def until_pods_are_ready(twin: Twin, node: str) -> None:
    """A kubelet that was started anew calls its pods unready until it has probed each."""
    # What the kubelet evicted stays as a Failed object beside the pod that took its place.
    pods = f"-A --field-selector spec.nodeName={node},status.phase!=Failed"
    twin.ssh(
        "k8s-cp",
        f"{KUBECTL} wait --for=condition=Ready --timeout=120s node/{node} >/dev/null; "
        f"{KUBECTL} wait --for=condition=Ready --timeout=120s pod --all {pods}",
    )


def until_found(twin: Twin, node: str, fault: Fault, folder: Path) -> dict[str, Any]:
    """Diagnose until the answer is the right one; some faults show only after a while."""
    answers: list[dict[str, Any]] = []

    def right() -> bool:
        answers.append(diagnose(twin, node, folder))
        return answers[-1]["cause"] in (fault.cause, *fault.or_causes)

    eventually(right, seconds=600 if fault.slow else 90)
    # What was said before it showed may have been "healthy" or the beginning of it, and never a wrong remedy's reason.
    return answers[-1]


@pytest.mark.twin
@pytest.mark.fault
def test_every_fault_that_runs_in_ci_is_there() -> None:
    assert set(IN_CI) <= set(faults())


@pytest.mark.twin
@pytest.mark.fault
def test_the_nodes_object_is_as_it_was(built: Twin, canary: Canary) -> None:
    """No taint, cordon or annotation of a remedy is left once all is well."""
    rows = built.ssh(
        "k8s-cp",
        f"{KUBECTL} get nodes -o jsonpath='{{range .items[*]}}{{.metadata.name}} {{.spec.unschedulable}} "
        '{.spec.taints[*].key}{"\\n"}{end}\'',
    )
    assert [row.split() for row in rows.splitlines()] == [
        ["k8s-cp", "node-role.kubernetes.io/control-plane"],
        ["k8s-worker1"],
        ["k8s-worker2"],
    ]
