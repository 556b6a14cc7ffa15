"""Cilium's objects in a run: an operation where the spec asks for some or has asked for some, and none elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kubestead.cilium.objects import KINDS
from kubestead.packing import packed
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
    "object\tDaemonSet/kube-proxy\t\t\t",
]  # fmt: skip
APPLIED = """\
ConfigMap kube-system/kubestead-cilium
CiliumLoadBalancerIPPool lan
CiliumBGPAdvertisement lab
CiliumBGPPeerConfig lab.tor
CiliumBGPClusterConfig lab
"""


def plan(done: Run) -> list[str]:
    assert done.returncode == 0, done.stderr
    return [line for line in done.plan if line.endswith(OPERATION)]


def test_on_bare_hosts_they_are_planned_after_the_release(tmp_path: Path) -> None:
    done = run(tmp_path, "cluster", "--dry", "--json", more=POOLS % "")
    assert plan(done) == [f"k8s-cp                  {OPERATION}"]
    names = [line[24:] for line in done.plan]
    assert names.index(OPERATION) == names.index("Cilium | Cilium 1.18.4") + 1


def test_where_some_were_applied_before_they_are_looked_at(tmp_path: Path) -> None:
    lab = {"k8s-cp": {"configmaps/kubestead-cilium": marked("")}}
    assert plan(run(tmp_path, "cluster", "--dry", "--json", lab=f"built_lab({lab!r})"))


def marked(applied: str) -> list[str]:
    """A cluster that has these objects of ours."""
    return [*RUNNING, f"object\tConfigMap/kubestead-cilium\t{json.dumps({'objects': applied})}\t\t"]


def taken(present: list[str]) -> str:
    """A lab whose cluster says ``present``, and has a pool ``lan`` that somebody made."""
    pool = {"apiVersion": "cilium.io/v2", "kind": "CiliumLoadBalancerIPPool", "metadata": {"name": "lan"}}
    answers = {
        "configmaps/kubestead-cilium": present,
        "--dry-run=server": [f"there\t{packed(json.dumps(pool))}", f"would-be\t{packed(json.dumps(pool))}"],
        # A fake host succeeds at whatever it is not told about, also at `false`.
        "is in the cluster already": {"success": False},
        "selector=": [f"kinds\t{','.join(KINDS.values())}", "answered"],
    }
    return f"built_lab({ {'k8s-cp': answers}!r})"


@pytest.mark.parametrize("mode", [("--dry", "--json"), ("-y", "-vv")], ids=["planned", "at once"])
def test_a_name_somebody_else_has_ends_the_run_before_anything(tmp_path: Path, mode: tuple[str, ...]) -> None:
    done = run(tmp_path, "cluster", *mode, more=POOLS % "", lab=taken(RUNNING))
    assert done.returncode == 1
    assert "cilium_lb_pools: lan" in done.stderr
    assert "CiliumLoadBalancerIPPool lan is in the cluster already and was not applied by kubestead" in done.stderr
    assert "kubectl label --overwrite ciliumloadbalancerippools.cilium.io lan kubestead.dev/owner=cilium" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.record == []


def test_what_was_applied_before_is_not_asked_about_while_the_run_is_prepared(tmp_path: Path) -> None:
    done = run(tmp_path, "cluster", "-y", "-vv", more=POOLS % "", lab=taken(marked(APPLIED)))
    # In its place the operation looks, and refuses: the pool is somebody else's by now.
    assert done.returncode == 1
    assert done.record != []


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
