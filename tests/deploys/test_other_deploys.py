"""deploys/verify.py and reset.py on fake hosts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploys.runner import run


def test_verify_looks_and_tries_on_the_first_control_plane_alone(tmp_path: Path) -> None:
    done = run(tmp_path, "verify", "-y", "-vv")
    assert done.returncode == 0, done.stderr
    assert {line["host"] for line in done.record} == {"k8s-cp"}
    assert [line["operation"].partition(":")[0] for line in done.record] == ["Nodes and system pods", "Smoke"]
    assert "ok      everything" in done.stderr


def test_verify_fails_with_a_check_that_fails_and_says_what_to_try(tmp_path: Path) -> None:
    failed = {"k8s-cp": {"namespace $n": "check\tfailed\tDNS\ttimed out\tkubectl logs deploy/coredns"}}
    done = run(tmp_path, "verify", "-y", lab=f"bare_lab({failed!r})")
    assert done.returncode == 1
    assert "FAILED  DNS: timed out" in done.stderr
    assert "next: kubectl logs deploy/coredns" in done.stderr


def test_verify_without_a_catalog_says_so(tmp_path: Path) -> None:
    done = run(tmp_path, "verify", "-y", lab="bare_lab()\nimport os; os.remove('catalog.yaml')")
    assert done.returncode == 1
    assert "catalog.yaml: cannot be read" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("data", [[], ["--data", "confirm=other"]], ids=["unconfirmed", "another name"])
def test_a_reset_needs_the_clusters_name(tmp_path: Path, data: list[str]) -> None:
    done = run(tmp_path, "reset", "-y", "-vv", *data)
    assert done.returncode == 1
    assert "say so with --data confirm=lab" in done.stderr
    assert done.sent("kubeadm reset") == []


def test_a_reset_ends_well_when_nothing_is_left(tmp_path: Path) -> None:
    member = {"k8s-worker1": {"cd /etc/kubernetes 2>/dev/null": "member"}}
    done = run(tmp_path, "reset", "-y", "-vv", "--data", "confirm=lab", lab=f"bare_lab({member!r})")
    assert done.returncode == 0, done.stderr
    assert [host for _, host in done.sent("kubeadm reset")] == ["k8s-worker1"]
    assert {line["host"]: line["changed"] for line in done.record} == {
        "k8s-cp": False, "k8s-worker1": True, "k8s-worker2": False,
    }  # fmt: skip


def test_a_reset_that_leaves_something_fails_and_names_it(tmp_path: Path) -> None:
    left = {"k8s-worker1": {'say() { sed "s/^/$1: /"; }': "link: cilium_host"}}
    done = run(tmp_path, "reset", "-y", "--data", "confirm=lab", lab=f"bare_lab({left!r})")
    assert done.returncode == 1
    assert "left over: link: cilium_host" in done.stderr
