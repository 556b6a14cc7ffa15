"""The story of a cluster: built from bare hosts, run again, looked at, healed, taken down."""

from __future__ import annotations

import json
import signal
from base64 import b64decode
from pathlib import Path

import pytest
import yaml

from tests.twin.conftest import Twin, eventually
from tests.twin.crashcases import Point
from tests.twin.crashing import running
from tests.twin.operator import KUBECTL, NODES, cluster_fingerprint, deploy, host_fingerprint, planned

pytestmark = pytest.mark.twin


def test_every_node_is_ready_with_the_versions_asked_for(built: Twin) -> None:
    row = '{.metadata.name} {.status.conditions[?(@.type=="Ready")].status} {.status.nodeInfo.kubeletVersion} '
    row += '{.status.nodeInfo.containerRuntimeVersion}{"\\n"}'
    nodes = built.ssh("k8s-cp", f"{KUBECTL} get nodes -o jsonpath='{{range .items[*]}}{row}{{end}}'")
    assert nodes.splitlines() == [f"{node} True v1.31.13 containerd://2.1.5" for node in NODES]


def test_pods_live_in_the_pool_and_services_in_their_network(built: Twin) -> None:
    pools = built.ssh("k8s-cp", f"{KUBECTL} get ciliumnodes -o jsonpath='{{.items[*].spec.ipam.podCIDRs}}'")
    assert sorted(json.loads(f"[{pools.replace('] [', '],[')}]")) == [["10.0.0.0/24"], ["10.0.1.0/24"], ["10.0.2.0/24"]]
    assert built.ssh("k8s-cp", f"{KUBECTL} get service kubernetes -o jsonpath='{{.spec.clusterIP}}'") == "172.20.0.1"


def test_no_join_token_is_left(built: Twin) -> None:
    """Ours is deleted; the one kubeadm init makes whether asked or not lives for a minute, and a run may be faster."""
    asked = f"{KUBECTL} -n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token -o name"
    eventually(lambda: built.ssh("k8s-cp", asked) == "", seconds=120)


def test_a_second_run_changes_nothing_seen_from_outside_too(built: Twin) -> None:
    before = [host_fingerprint(built, node) for node in NODES], cluster_fingerprint(built)
    run = deploy(built, "cluster", "--json")
    assert run.returncode == 0, run.text
    assert run.changed == []
    assert run.totals["error"] == 0
    assert ([host_fingerprint(built, node) for node in NODES], cluster_fingerprint(built)) == before


def test_two_runs_at_once_are_kept_apart_and_a_dead_ones_lock_is_free(built: Twin) -> None:
    with running(built) as first:
        first.reach(Point("any", "Kernel modules"))
        first.process.send_signal(signal.SIGSTOP)
        second = deploy(built, "cluster")
        assert second.returncode == 1
        assert f"another run is at work on {', '.join(NODES)}" in second.text
        assert f"kill {first.process.pid}" in second.text
        first.process.kill()
        first.end()
    third = deploy(built, "cluster", "--json")
    assert third.returncode == 0, third.text
    assert third.changed == []
    assert "takes over" in third.text


def test_a_dry_run_on_a_built_cluster_expects_no_change(built: Twin) -> None:
    run = deploy(built, "cluster", "--dry", "--json")
    assert run.returncode == 0, run.text
    assert json.loads(run.stdout)["plan"]
    assert planned(run) == set()


def test_the_kubeconfig_is_the_operators_alone_and_works_from_here(built: Twin, tmp_path: Path) -> None:
    path = Path(".kubestead/kubeconfig")
    assert path.stat().st_mode & 0o777 == 0o600
    config = yaml.safe_load(path.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    for name, data in (("ca", cluster["certificate-authority-data"]), ("cert", user["client-certificate-data"])):
        (tmp_path / name).write_bytes(b64decode(data))
    (tmp_path / "key").write_bytes(b64decode(user["client-key-data"]))
    files = [str(tmp_path / name) for name in ("ca", "cert", "key")]
    url = f"{cluster['server']}/api/v1/nodes"
    seen = built.must("exec", "--", "curl", "--silent", "--show-error", "--cacert", files[0], "--cert", files[1],
                      "--key", files[2], url)  # fmt: skip
    assert sorted(item["metadata"]["name"] for item in json.loads(seen)["items"]) == list(NODES)


def test_verify_runs_the_full_smoke_and_cleans_up(built: Twin) -> None:
    run = deploy(built, "verify")
    assert run.returncode == 0, run.text
    assert run.text.count("ok      Cilium on") == 3
    assert run.text.count("ok      pod to pod") == 6
    assert "kubestead-smoke" not in built.ssh("k8s-cp", f"{KUBECTL} get namespaces -o name")


def test_a_stopped_kubelet_is_restarted_and_a_healthy_one_left_alone(built: Twin) -> None:
    built.ssh("k8s-worker1", "systemctl stop kubelet")
    run = deploy(built, "restart_kubelet", "--limit", "k8s-worker1")
    assert run.returncode == 0, run.text
    assert "before: kubelet inactive" in run.text
    assert "after: Ready=True" in run.text
    started = built.ssh("k8s-worker1", "systemctl show kubelet -p ExecMainStartTimestampMonotonic")
    again = deploy(built, "restart_kubelet", "--limit", "k8s-worker1", "--json")
    assert again.changed == []
    assert built.ssh("k8s-worker1", "systemctl show kubelet -p ExecMainStartTimestampMonotonic") == started
