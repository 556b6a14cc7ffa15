"""The remedies' deploys on fake hosts, each with the node alone in its --limit: a healthy node is left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kubestead.render import render
from tests.deploys.lab import CERTIFICATE, text
from tests.deploys.runner import Run, run

REMEDIES = ["restart_kubelet", "restart_containerd", "renew_kubelet_certificate", "restart_cilium", "free_disk",
            "reboot", "rejoin", "restore_node"]  # fmt: skip
NODE = "@fake/k8s-worker1"
# The node's clock stands at ten; its lease was renewed 5 s later, and the API asked 3 s after that.
VIEW = ["Node\tTrue\tboot-1\t\t", "Lease\t\t\t\t2024-11-22T10:00:05.000000Z", "1732269608.0"]
CONFIG = "cgroupDriver: systemd\n"
FLAGS = render("kubeadm-flags.env.j2", node_address="192.168.1.61", sandbox_image="registry.k8s.io/pause:3.10")
DF = ["Filesystem 1024-blocks Used Available Capacity Mounted on", "/dev/sda 20000000 1 19000000 1% /"]


def unit(name: str) -> list[str]:
    return [f"Id={name}.service", "LoadState=loaded", "ActiveState=active", "UnitFileState=enabled",
            "NeedDaemonReload=no", "Process=S", ""]  # fmt: skip


PAUSE = "registry.k8s.io/pause"


def worker(**changed: Any) -> dict[str, Any]:
    from tests.fixtures import catalog

    pause = catalog.catalog().image(PAUSE)
    files = 'for f in /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env ; do if [ -f "$f" ] && t='
    return {
        **changed,
        "set -- kubelet.service": unit("kubelet"),
        "set -- containerd.service kubelet.service": [*unit("containerd"), *unit("kubelet")],
        "date --utc +%s.%N": "1732269600.0",
        "client-certificate: *//p": CERTIFICATE.splitlines(),
        "df -P -k / /var /var/lib/kubelet": DF,
        "images check": [f"{ref} type digest complete (2/2) 1 KiB/1 KiB true" for ref in (pause, f"{PAUSE}:3.10")],
        files: [
            text("/var/lib/kubelet/config.yaml", CONFIG),
            text("/var/lib/kubelet/kubeadm-flags.env", FLAGS),
        ],
    }


FIRST = {
    "--ignore-not-found nodes/": VIEW,
    "--selector k8s-app=cilium": ["cilium-abcde\tuid-1\tTrue\t\t\t\t2024-11-22T09:00:00Z", "answered"],
    "cilium-kept-here": ["built-here", "answers"],
    "get configmap kubelet-config": CONFIG,
}


def remedy(folder: Path, name: str, *options: str, **changed: Any) -> Run:
    lab = {"k8s-worker1": worker(**changed), "k8s-cp": FIRST}
    return run(folder, name, "-vv", "--limit", NODE, *options, lab=f"built_lab({lab!r})")


@pytest.mark.parametrize("name", REMEDIES)
def test_a_healthy_node_is_left_alone(tmp_path: Path, name: str) -> None:
    done = remedy(tmp_path, name, "-y")
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if line.endswith("Success")] == []
    assert "No changes" in done.stderr
    assert {host for host, _ in done.commands} <= {"k8s-worker1", "k8s-cp"}


@pytest.mark.parametrize("name", REMEDIES)
def test_a_plan_touches_nothing(tmp_path: Path, name: str) -> None:
    done = remedy(tmp_path, name, "--dry", "--data", "force=true")
    assert done.returncode == 0, done.stderr
    for words in ("systemctl restart", "drain", "kubeadm reset", "kubeadm kubeconfig", "apt-get clean"):
        assert done.sent(words) == [], words


def test_a_kubelet_is_restarted_by_force_and_the_node_comes_back(tmp_path: Path) -> None:
    done = remedy(tmp_path, "restart_kubelet", "-y", "--data", "force=true")
    assert done.returncode == 0, done.stderr
    assert [host for _, host in done.sent("systemctl restart kubelet.service")] == ["k8s-worker1"]
    assert "before: kubelet active, enabled; Ready=True, lease 3 s old" in done.stderr
    assert "after: Ready=True and a new lease" in done.stderr


def test_what_has_drifted_is_put_back_and_the_kubelet_restarted(tmp_path: Path) -> None:
    drift = {'for f in /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env ; do if [ -f "$f" ]': ""}
    done = remedy(tmp_path, "restore_node", "-y", **drift)
    assert done.returncode == 0, done.stderr
    assert "differing: /var/lib/kubelet/config.yaml, /var/lib/kubelet/kubeadm-flags.env" in done.stderr
    assert [host for _, host in done.sent("systemctl restart kubelet.service")] == ["k8s-worker1"]
    assert {(line["host"], line["operation"]) for line in done.record if line["changed"]} == {
        ("k8s-worker1", "kubelet's configuration and flags"),
        ("k8s-worker1", "The node comes back"),
    }


def test_a_control_plane_is_never_reset_by_a_rejoin(tmp_path: Path) -> None:
    member = {"cd /etc/kubernetes 2>/dev/null": ["control-plane", "member", "server https://k8s-api:6443"]}
    refused = {"is a control plane, and its etcd holds the cluster": {"success": False}}
    done = remedy(tmp_path, "rejoin", "-y", "--data", "force=true", **member, **refused)
    assert done.returncode == 1
    assert done.sent("kubeadm reset") == []
