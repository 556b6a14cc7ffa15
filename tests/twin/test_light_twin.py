"""A small light twin: hosts, packages and containerd are real, kubeadm is simulated; and a worker that is dead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.twin.conftest import Twin
from tests.twin.operator import deploy

pytestmark = pytest.mark.twin
INVENTORY = "inventory/twin.py"
KUBECONFIG = Path(".kubestead/kubeconfig")


@pytest.fixture(scope="module")
def light() -> Iterator[Twin]:
    twin = Twin("test-light")
    twin.must("up", "--light", "--workers", "2")
    # The lab's is wanted again by the tests after these.
    labs = KUBECONFIG.read_bytes() if KUBECONFIG.exists() else None
    yield twin
    if labs:
        KUBECONFIG.write_bytes(labs)
    twin.must("down")


@pytest.fixture(scope="module")
def simulated(light: Twin) -> Twin:
    """A cluster, simulated, on bare hosts but for the last worker, which has no power."""
    light.must("reset")
    light.must("power", "off", "k8s-worker2")
    run = deploy(light, "cluster", "--data", "skip_unreachable=true", inventory=INVENTORY)
    assert run.returncode == 1, run.text
    assert "left out, as SSH did not reach them: k8s-worker2" in run.text
    assert "not waited for: k8s-worker2 (no node yet)" in run.text
    return light


def test_what_is_installed_is_real(simulated: Twin) -> None:
    for node in ("k8s-cp", "k8s-worker1"):
        assert simulated.ssh(node, "systemctl is-active containerd") == "active"
        assert "kubelet" in simulated.ssh(node, "apt-mark showhold")
        assert simulated.ssh(node, "ls /opt/cni/bin/loopback")
        simulated.ssh(node, "systemctl start kubestead-images-node.service")
        assert "registry.k8s.io/pause:" in simulated.ssh(node, "ctr --namespace k8s.io images list --quiet")


def test_what_is_simulated_says_so(simulated: Twin) -> None:
    assert "SIMULATED" in simulated.must("status")
    assert "SIMULATED" in simulated.ssh(
        "k8s-worker1", "journalctl --unit kubelet --output cat; kubeadm version 2>&1 ||:"
    )
    assert "SIMULATED" in simulated.ssh("k8s-worker1", "dpkg-query --show --showformat '${Description}' kubeadm")


def test_a_dead_worker_ends_the_next_run_before_any_change(simulated: Twin) -> None:
    run = deploy(simulated, "cluster", inventory=INVENTORY)
    assert (run.returncode, "cannot be reached over SSH" in run.text) == (1, True), run.text
    assert "Beginning operation run" not in run.text


def test_once_it_is_back_it_joins_and_then_nothing_changes(simulated: Twin) -> None:
    simulated.must("power", "on", "k8s-worker2")
    run = deploy(simulated, "cluster", "--json", inventory=INVENTORY)
    assert run.returncode == 0, run.text
    assert "Worker | kubeadm join" in run.changed
    again = deploy(simulated, "cluster", "--json", inventory=INVENTORY)
    assert (again.returncode, again.changed) == (0, []), again.text


def test_a_member_that_is_dead_does_not_hold_the_verification_up(simulated: Twin) -> None:
    simulated.must("power", "off", "k8s-worker2")
    run = deploy(simulated, "verify", "--data", "skip_unreachable=true", inventory=INVENTORY)
    assert (run.returncode, "not waited for: k8s-worker2" in run.text) == (1, True), run.text
