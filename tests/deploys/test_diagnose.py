"""deploys/diagnose.py on fake hosts: what it says, what it writes, its exit code; and kubestead doctor on top of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.deploys.runner import REPOSITORY, Run, run

STOPPED = "LoadState=loaded ActiveState=inactive SubState=dead UnitFileState=enabled Result=success NRestarts=0"


def diagnosed(folder: Path, *options: str, lab: str = "") -> tuple[Run, dict[str, dict[str, Any]]]:
    """The run, and the diagnoses it wrote by the nodes' short names."""
    file = folder / "found.jsonl"
    expression = f"__import__('tests.deploys.diagnosed', fromlist=['lab']).lab({lab})"
    done = run(folder, "diagnose", "-y", "--data", f"diagnosis_file={file}", *options, lab=expression)
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return done, {one["node"].removeprefix("@fake/"): one for one in lines}


def causes(found: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: one["cause"] for name, one in found.items()}


def test_a_healthy_cluster(tmp_path: Path) -> None:
    done, found = diagnosed(tmp_path)
    assert causes(found) == {"k8s-cp": "healthy", "k8s-worker1": "healthy", "k8s-worker2": "healthy"}, done.stderr
    assert done.returncode == 0
    assert done.record == []


def test_a_stopped_kubelet_is_told_and_the_run_fails(tmp_path: Path) -> None:
    changes = {"k8s_worker1": {"kubelet.service": STOPPED}}
    done, found = diagnosed(tmp_path, lab=f"**{changes}")
    assert causes(found) == {"k8s-cp": "healthy", "k8s-worker1": "kubelet-stopped", "k8s-worker2": "healthy"}
    assert done.returncode == 1
    assert "kubelet-stopped  kubelet.service is inactive (dead)" in done.stderr
    assert "remedies: restart_kubelet" in done.stderr
    assert "Traceback" not in done.stderr


def test_only_the_nodes_asked_for_are_told(tmp_path: Path) -> None:
    changes = {"k8s_worker1": {"kubelet.service": STOPPED}}
    done, found = diagnosed(tmp_path, "--limit", "@fake/k8s-worker2", lab=f"**{changes}")
    assert causes(found) == {"k8s-worker2": "healthy"}
    assert done.returncode == 0


def test_a_node_that_ssh_cannot_reach_is_diagnosed_by_the_others(tmp_path: Path) -> None:
    done, found = diagnosed(
        tmp_path, "--limit", "k8s-worker1", "--limit", "@fake/k8s-cp", lab="unreachable='k8s-worker1'"
    )
    assert causes(found) == {"k8s-cp": "healthy", "k8s-worker1": "host-unreachable"}, done.stderr
    assert "seen from @fake/k8s-cp it does not answer its ping, SSH port silent" in found["k8s-worker1"]["evidence"][0]
    assert done.returncode == 1


def test_its_power_is_asked_for(tmp_path: Path) -> None:
    _, found = diagnosed(tmp_path, lab="unreachable='k8s-worker1', power='off'")
    assert causes(found)["k8s-worker1"] == "host-off"
    assert found["k8s-worker1"]["remedies"] == ["power_cycle", "out_of_service"]


def test_a_dead_api_is_the_control_planes_matter(tmp_path: Path) -> None:
    refused = "1 dial tcp 192.0.2.1:6443: connect: connection refused"
    changes = {
        "k8s_cp": {"processes": "etcd kube-scheduler", "apiserver": refused, "api": refused},
        "k8s_worker1": {"api": refused},
        "k8s_worker2": {"api": refused, "kubelet.service": STOPPED},
    }
    silent = f"trouble\\t{refused}\\nasked\\t1732269600"
    _, found = diagnosed(tmp_path, lab=f"api='{silent}', **{changes}")
    assert causes(found) == {
        "k8s-cp": "api-server-down",
        "k8s-worker1": "api-server-down",
        "k8s-worker2": "kubelet-stopped",
    }
    assert found["k8s-worker1"]["remedies"] == []
    assert "because of @fake/k8s-cp: kube-apiserver does not run" in " ".join(found["k8s-worker1"]["evidence"])


def test_an_unreachable_control_plane_is_said_in_one_line(tmp_path: Path) -> None:
    done, found = diagnosed(tmp_path, lab="unreachable='k8s-cp'")
    assert done.stderr.count("no control plane can be reached over SSH (k8s-cp)") == 1
    assert causes(found)["k8s-worker1"] == "unknown"
    assert done.returncode == 1


def doctor(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``kubestead doctor`` in a folder a run was made ready in."""
    argv = [sys.executable, "-m", "kubestead.cli", "doctor", "--inventory", "inventory.py", *arguments]
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "100"}
    return subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_the_doctor_tells_what_the_deploy_found(tmp_path: Path) -> None:
    diagnosed(tmp_path, lab=f"**{ {'k8s_worker1': {'kubelet.service': STOPPED}} }")
    told = doctor(tmp_path, "--json")
    assert told.returncode == 1
    assert {one["node"]: one["cause"] for one in json.loads(told.stdout)} == {
        "@fake/k8s-cp": "healthy",
        "@fake/k8s-worker1": "kubelet-stopped",
        "@fake/k8s-worker2": "healthy",
    }
    table = doctor(tmp_path)
    assert max(map(len, table.stdout.splitlines()[:-2])) <= 100
    assert "pyinfra inventory.py deploys/recover.py --limit @fake/k8s-worker1" in table.stdout
    well = doctor(tmp_path, "@fake/k8s-worker2")
    assert well.returncode == 0, well.stderr
    assert "k8s-worker1" not in well.stdout
    mistyped = doctor(tmp_path, "@fake/k8s-worker2", "k8s-wroker1")
    assert mistyped.returncode == 1
    assert "k8s-wroker1: not found in inventory.py" in mistyped.stderr


def test_the_doctor_says_when_nothing_can_be_known(tmp_path: Path) -> None:
    diagnosed(tmp_path, lab="unreachable='k8s-worker1'")
    told = doctor(tmp_path, "no-such-node")
    assert told.returncode == 1
    assert "matches no host" in told.stderr or "not found in inventory.py" in told.stderr
