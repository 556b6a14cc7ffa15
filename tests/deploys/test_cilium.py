"""deploys/cilium.py on fake hosts: what is said before, what stands against it, and what is planned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kubestead.cilium.policy import CCNP
from kubestead.merge import deep_merge
from kubestead.packing import packed
from kubestead.phases.cilium import cilium_values
from kubestead.spec import ClusterSpec
from tests.deploys.runner import Run, run
from tests.fixtures.catalog import catalog

RUNS = cilium_values(ClusterSpec(), catalog(), nodes=3)
CONFIG = {"ipam": "cluster-pool", "cluster-name": "lab", "routing-mode": "tunnel", "tunnel-protocol": "vxlan"}
KUBEADM = (
    "apiVersion: kubeadm.k8s.io/v1beta4\nclusterName: lab\ncontrolPlaneEndpoint: k8s-api:6443\n"
    "kubernetesVersion: v1.31.13\nnetworking: {dnsDomain: cluster.local, podSubnet: 10.0.0.0/8, "
    "serviceSubnet: 172.20.0.0/16}\nproxy: {}\n"
)
MARKS = '{"meta.helm.sh/release-name":"cilium","meta.helm.sh/release-namespace":"kube-system"}'
NODES = ("@fake/k8s-cp", "@fake/k8s-worker1", "@fake/k8s-worker2")


def cluster(values: dict[str, Any] | None = None, version: str = "1.18.4", good: int | None = None, said: str = "Ok",
            kube_proxy: bool = True, strangers: tuple[str, ...] = ()) -> dict[str, Any]:  # fmt: skip
    """What the control plane of a cluster that runs answers."""
    present = deep_merge(RUNS, values or {})
    pods = [f"pod\tcilium-{node}\tu-{node}\t{node}\tTrue\t\tnew\t0\t0\t\t" for node in (*NODES, *strangers)]
    return {
        "What runs here already": [
            "built-here", "cilium-kept-here", "server\thttps://k8s-api:6443", "answers",
            f"object\tConfigMap/kubeadm-config\t{json.dumps({'ClusterConfiguration': KUBEADM})}\t\t",
            f"object\tConfigMap/cilium-config\t{json.dumps(CONFIG)}\t\t",
            *(["object\tDaemonSet/kube-proxy\t\t{}\tkube-proxy:v1"] if kube_proxy else []),
            f"object\tDaemonSet/cilium\t\t{MARKS}\tquay.io/cilium/cilium:v1.18.4",
        ],
        "helm history": [
            json.dumps([{"revision": 3, "status": "deployed", "chart": f"cilium-{version}"},
                        {"revision": 2, "status": "superseded", "chart": f"cilium-{version}"}]),
            json.dumps(present), *([json.dumps({"good": good})] if good else []),
        ],
        "helm get metadata": [
            json.dumps({"version": version, "status": "deployed", "revision": 3}), json.dumps(present),
        ],
        "Cilium's agents and operator": [
            "revision\tnew\t1", *pods, "control-plane\t@fake/k8s-cp", "DaemonSet/cilium\t1\t1",
            "Deployment/cilium-operator\t1\t1\t2\t2\t2", "answered",
        ],
        "cilium-dbg status": ["clock\t2026-11-22T10:00:00", *(f"status\t{node}\t{said}\tnews" for node in NODES)],
    }  # fmt: skip


def switch(folder: Path, *options: str, answers: dict[str, Any] | None = None, more: str = "") -> Run:
    """Run it on the built lab, whose control plane answers so."""
    told = {"k8s-cp": answers or cluster(), "k8s-worker1": {"KUBE-(SERVICES": "31"}}
    return run(folder, "cilium", "--dry", "--json", *options, lab=f"built_lab({told!r})", more=more)


def changes(done: Run) -> list[str]:
    return [line for line in done.plan if not line.startswith("nobody")]


def test_nothing_to_switch(tmp_path: Path) -> None:
    done = switch(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "--> Cilium: nothing changes" in done.stderr
    assert changes(done) == []


def test_a_change_is_told_and_planned(tmp_path: Path) -> None:
    done = switch(tmp_path, answers=cluster({"hubble": {"enabled": False}}))
    assert done.returncode == 0, done.stderr
    assert "hubble.enabled: False -> True: agents restart" in done.stderr
    assert "@fake/k8s-worker1, then @fake/k8s-worker2, then @fake/k8s-cp" in done.stderr
    assert "back to Helm revision 3" in done.stderr
    assert changes(done) == [
        "k8s-cp                  Cilium | Cilium 1.18.4, node by node",
        "k8s-cp                  Verify | Smoke: pods, services, DNS, policies, Cilium, Hubble",
    ]


def test_kube_proxy_comes_before_the_agents_let_go(tmp_path: Path) -> None:
    done = switch(tmp_path, answers=cluster({"kubeProxyReplacement": "true"}, kube_proxy=False))
    assert done.returncode == 0, done.stderr
    assert [line.partition(" | ")[2] for line in changes(done)][:2] == ["kube-proxy", "Cilium 1.18.4, node by node"]


def test_an_upgrade_is_checked_first(tmp_path: Path) -> None:
    done = switch(tmp_path, answers=cluster(version="1.18.3"))
    assert done.returncode == 0, done.stderr
    assert "An upgrade from 1.18.3 to 1.18.4: Cilium's own preflight comes first" in done.stderr
    planned = [line.partition(" | ")[2] for line in changes(done)]
    assert planned[:2] == ["Preflight of the upgrade to 1.18.4", "Cilium 1.18.4, node by node"]


@pytest.mark.parametrize(
    ("answers", "options", "words"),
    [
        (cluster(said="Failure"), [], "the agent of @fake/k8s-cp says Failure: news"),
        (cluster({"ipam": {"mode": "kubernetes"}}), [], "error: cilium_ipam = cluster-pool: cannot be changed"),
        (cluster(strangers=("other",)), [], "runs an agent of Cilium's, and is not in the inventory"),
        (cluster(good=1), [], "no longer has revision 1"),
        (cluster(), ["--limit", "@fake/k8s-cp"], "leaves out"),
    ],
    ids=["ill", "never", "stranger", "forgotten", "limited"],
)
def test_what_stands_against_it(tmp_path: Path, answers: dict[str, Any], options: list[str], words: str) -> None:
    done = switch(tmp_path, *options, answers=answers)
    assert words in done.stderr, done.stderr
    assert done.returncode == 1


def test_an_ill_cluster_may_be_switched_by_force(tmp_path: Path) -> None:
    done = switch(tmp_path, "--data", "force=true", answers=cluster(said="Failure"))
    assert done.returncode == 0, done.stderr


def test_a_bare_cluster_is_nothing_to_switch(tmp_path: Path) -> None:
    done = run(tmp_path, "cilium", "-y")
    assert done.returncode == 1
    assert "no running cluster with Cilium to switch" in done.stderr


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (cluster({"bpf": {"hostLegacyRouting": True}}), "not done in passing: bpf.hostLegacyRouting: True -> none"),
        (cluster(version="1.18.3"), "Cilium 1.18.3 runs, and an upgrade is not done in passing"),
        ({'for f in /var/lib/kubestead/cilium-switch.json ;': "e30K /var/lib/kubestead/cilium-switch.json",
          **cluster({"MTU": 1400})}, "a switch of Cilium was begun and not ended"),
    ],
    ids=["loss", "upgrade", "begun"],
)  # fmt: skip
def test_the_other_deploy_plans_no_such_thing(tmp_path: Path, answers: dict[str, Any], words: str) -> None:
    told = {"k8s-cp": answers}
    done = run(tmp_path, "cluster", "--dry", lab=f"built_lab({told!r})")
    assert done.returncode == 1
    assert words in done.stderr


def test_what_the_other_deploy_leaves_is_named_by_its_key(tmp_path: Path) -> None:
    told = {"k8s-cp": cluster({"encryption": {"enabled": True, "type": "wireguard"}})}
    done = run(tmp_path, "cluster", "--dry", lab=f"built_lab({told!r})")
    assert done.returncode == 1
    assert "not done in passing: cilium_encryption: encryption.enabled: True -> False" in done.stderr


def test_a_policy_on_nodes_is_looked_at_before_the_host_firewall_brings_it_into_force(tmp_path: Path) -> None:
    node = {"metadata": {"name": "k8s-cp", "labels": {}}, "status": {"addresses": [{"address": "192.168.1.187"}]}}
    shutting = {"apiVersion": "cilium.io/v2", "kind": CCNP, "metadata": {"name": "hand-made"},
                "spec": {"nodeSelector": {}, "ingress": [{}]}}  # fmt: skip
    told = {"nodes": {"items": [node]}, "clusterwide": {"items": [shutting]}}
    answers = {
        **cluster(),
        "say() { printf": "\n".join(f"{key}\t{packed(json.dumps(value))}" for key, value in told.items()),
        "SSH_CONNECTION": "192.168.1.1",
    }
    on = "\ncilium_host_firewall = True\n"
    done = switch(tmp_path, answers=answers, more=on)
    assert done.returncode == 1
    assert "CiliumClusterwideNetworkPolicy hand-made" in done.stderr
    assert "would shut out SSH from 192.168.1.1, which this run comes from" in done.stderr
    (tmp_path / "again").mkdir()
    wanted = switch(tmp_path / "again", "--data", "shut_out=true", answers=answers, more=on)
    assert wanted.returncode == 0, wanted.stderr
