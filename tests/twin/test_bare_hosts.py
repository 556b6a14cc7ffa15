"""Bare hosts and wrong input: one clear error, a failing exit code, and nothing done."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.twin.conftest import Twin, eventually
from tests.twin.operator import NODES, altered_site, deploy, host_fingerprint, run_outside

pytestmark = pytest.mark.twin


@pytest.fixture(scope="module")
def bare(twin: Twin) -> Twin:
    """The lab's twin with bare hosts."""
    twin.must("reset")
    return twin


@pytest.fixture
def untouched(bare: Twin) -> object:
    """Bare hosts that must be just as they were when the test is over."""
    before = {node: host_fingerprint(bare, node) for node in NODES}
    yield bare
    assert {node: host_fingerprint(bare, node) for node in NODES} == before


def test_a_dry_run_tells_the_plan_and_does_nothing(untouched: Twin) -> None:
    run = deploy(untouched, "cluster", "--dry")
    assert run.returncode == 0, run.text
    assert f"3 hosts in the twin '{untouched.name}'" in run.stderr
    assert "overrides in force" in run.stderr
    assert "kubeadm init" in run.text
    assert "2 (k8s-worker1, k8s-worker2)" in run.text


def test_a_wrong_spec_is_refused_before_anybody_connects(untouched: Twin, tmp_path: Path) -> None:
    site = altered_site(untouched, tmp_path, overrides={"pod_cidr": "192.168.0.0/16", "kubernets_version": "1.31.13"})
    run = deploy(untouched, "cluster", site=site)
    assert run.returncode == 1
    assert "kubernetes_version" in run.stderr, "the nearest known key"
    assert "Connecting" not in run.text


def test_a_pool_that_meets_the_nodes_is_refused_with_one_that_fits(untouched: Twin, tmp_path: Path) -> None:
    site = altered_site(untouched, tmp_path, overrides={"pod_cidr": "192.168.0.0/16"})
    run = deploy(untouched, "cluster", site=site)
    assert run.returncode == 1
    assert "192.168.1.187" in run.stderr
    assert "10.0.0.0/8" in run.stderr or "10.128.0.0/9" in run.stderr
    assert "nothing was changed" in run.stderr


def test_a_taken_port_is_named_with_its_owner(bare: Twin) -> None:
    bare.ssh("k8s-cp", "systemd-run --quiet --unit=squatter nc -lk 6443")
    eventually(lambda: ":6443" in bare.ssh("k8s-cp", "ss -Hltn"))
    run = deploy(bare, "cluster")
    bare.ssh("k8s-cp", "systemctl stop squatter")
    assert run.returncode == 1
    assert "6443" in run.stderr
    assert "nc" in run.stderr
    assert "nothing was changed" in run.stderr


def test_a_full_disk_is_refused_with_numbers(bare: Twin) -> None:
    bare.ssh("k8s-worker1", "fallocate -l $(($(df --output=avail -B1 /var | tail -1) - 1073741824)) /var/ballast")
    run = deploy(bare, "cluster")
    bare.ssh("k8s-worker1", "rm /var/ballast")
    assert run.returncode == 1
    assert "k8s-worker1" in run.stderr
    assert "GiB" in run.stderr


def test_a_wrong_key_ends_the_run(untouched: Twin, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text((untouched.state / "id_ed25519").read_text().replace("A", "B", 1))
    key.chmod(0o600)
    run = deploy(untouched, "cluster", site=altered_site(untouched, tmp_path, hosts={"all": {"key": str(key)}}))
    assert run.returncode == 1
    assert "k8s-worker1" in run.stderr


def test_a_host_that_is_off_is_named_and_nothing_is_changed(untouched: Twin) -> None:
    untouched.must("power", "off", "k8s-worker2")
    run = deploy(untouched, "cluster")
    untouched.must("power", "on", "k8s-worker2")
    assert run.returncode == 1
    assert "k8s-worker2" in run.stderr
    assert "Beginning operation run" not in run.text


def test_a_wrong_digest_installs_nothing_and_no_later_phase_runs(bare: Twin, tmp_path: Path) -> None:
    catalog = yaml.safe_load(Path(bare.status()["mirror"]["folder"], "catalog.yaml").read_text())
    catalog["files"]["runc"]["amd64"]["sha256"] = "0" * 64
    (tmp_path / "catalog.yaml").write_text(yaml.safe_dump(catalog))
    site = altered_site(bare, tmp_path, sources={"catalog": str(tmp_path / "catalog.yaml")})
    run = deploy(bare, "cluster", site=site)
    assert run.returncode == 1
    assert "the catalog says 0000" in run.text
    assert "runc-1.3.3-linux-amd64" in run.text
    assert "Kubernetes packages" not in run.text.split("Beginning operation run")[1]
    assert bare.ssh("k8s-worker1", "ls /usr/local/sbin; ls /var/lib/kubestead/artifacts") == "containerd"


def test_outside_the_twins_network_the_lab_is_refused(twin: Twin) -> None:
    done = run_outside("inventory/lab.py", "debug-inventory")
    assert done.returncode == 1
    assert "kubestead twin exec" in done.stderr
