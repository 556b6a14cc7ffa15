"""Taking the cluster down again, and what must not be built on its ruins. Runs last: the cluster is gone afterwards."""

from __future__ import annotations

import pytest

from tests.twin.conftest import Twin
from tests.twin.operator import deploy

pytestmark = pytest.mark.twin


def test_a_wiped_control_plane_with_joined_workers_is_refused(built: Twin) -> None:
    refused = deploy(built, "reset", "--data", "confirm=another")
    assert refused.returncode == 1
    assert "nothing was touched" in refused.text
    wiped = deploy(built, "reset", "--data", "confirm=lab", "--limit", "k8s-cp")
    assert wiped.returncode == 0, wiped.text
    run = deploy(built, "cluster")
    assert run.returncode == 1
    assert "k8s-worker1" in run.stderr
    assert "holds no control plane" in run.stderr
    assert "Beginning operation run" not in run.text


def test_reset_leaves_nothing_but_what_others_put_there(built: Twin) -> None:
    built.ssh("k8s-worker1", "iptables -A INPUT -s 203.0.113.9 -j DROP")
    run = deploy(built, "reset", "--data", "confirm=lab")
    assert run.returncode == 0, run.text
    assert "nothing of the cluster is left" in run.text
    rules = built.ssh("k8s-worker1", "iptables-save")
    assert "203.0.113.9" in rules
    assert "KUBE-" not in rules
    assert "CILIUM_" not in rules
    assert "cilium" not in built.ssh("k8s-worker1", "ip -o link; ip rule; mount")
    assert deploy(built, "reset", "--data", "confirm=lab", "--json").changed == []
