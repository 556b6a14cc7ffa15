"""Cilium's objects in a run: an operation where the spec asks for some or has asked for some, and none elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

from tests.deploys.runner import Run, run

OPERATION = "Cilium | Pools, announcements, BGP"
POOLS = """
cilium_lb_pools = [{"name": "lan", "blocks": ["172.31.255.0/28"]}]
cilium_bgp = [{"name": "lab", "asn": 64512, "peers": [{"name": "tor", "address": "192.168.1.1", "asn": 64513%s}]}]
"""
# What runs: its API answers, and kubestead has applied objects before.
CONFIGURATION = "clusterName: lab\nkubernetesVersion: v1.31.13\nnetworking: {serviceSubnet: 172.20.0.0/16}\n"
KUBEADM = json.dumps({"ClusterConfiguration": CONFIGURATION})
RUNNING = [
    "answers", "built-here", f"object\tConfigMap/kubeadm-config\t{KUBEADM}\t\t",
    "object\tDaemonSet/kube-proxy\t\t\t", "object\tConfigMap/kubestead-cilium\t{}\t\t",
]  # fmt: skip
LEFT = {"k8s-cp": {"configmaps/kubestead-cilium": RUNNING}}


def plan(done: Run) -> list[str]:
    assert done.returncode == 0, done.stderr
    return [line for line in done.plan if line.endswith(OPERATION)]


def test_on_bare_hosts_they_are_planned_after_the_release(tmp_path: Path) -> None:
    done = run(tmp_path, "cluster", "--dry", "--json", more=POOLS % "")
    assert plan(done) == [f"k8s-cp                  {OPERATION}"]
    names = [line[24:] for line in done.plan]
    assert names.index(OPERATION) == names.index("Cilium | Cilium 1.18.4") + 1


def test_where_some_were_applied_before_they_are_looked_at(tmp_path: Path) -> None:
    assert plan(run(tmp_path, "cluster", "--dry", "--json", lab=f"built_lab({LEFT!r})"))


def test_elsewhere_there_is_no_operation(tmp_path: Path) -> None:
    assert plan(run(tmp_path, "cluster", "--dry", "--json", lab="built_lab()")) == []


def test_a_password_file_that_is_open_to_others_ends_the_run_first(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("swordfish\n")
    (tmp_path / "password").chmod(0o644)
    done = run(tmp_path, "cluster", "-y", "-vvv", more=POOLS % ', "password_file": "password"')
    assert done.returncode == 1
    assert "cilium_bgp: lab.tor: password_file = password: is open" in done.stderr
    assert done.record == []


def test_a_password_is_in_no_output_and_no_record(tmp_path: Path) -> None:
    (tmp_path / "password").touch(mode=0o600)
    (tmp_path / "password").write_text("swordfish\n")
    done = run(tmp_path, "cluster", "-y", "-vvv", "--debug", "--diff", more=POOLS % ', "password_file": "password"')
    assert done.returncode == 0, done.stderr[-3000:]
    written = "".join(path.read_text() for path in tmp_path.glob(".kubestead/runs/*/*"))
    for secret in ("swordfish", "c3dvcmRmaXNo"):
        assert secret not in done.stdout + done.stderr
        assert secret not in written
    assert done.sent("apply --server-side")
