"""deploys/cilium_status.py on fake hosts that answer as the twin's did, and kubestead cilium status on top of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.deploys.runner import REPOSITORY, Run, run

DATA = Path(__file__).parents[1] / "unit" / "cilium" / "data"
NAMES = ("k8s-cp", "k8s-worker1", "k8s-worker2")


def recorded(name: str, unreachable: str) -> str:
    """A recorded answer, with the hosts' names as the inventory has them."""
    text = re.sub(r'"local": *\{[^}]*\}', '"local": {}', (DATA / f"{name}.txt").read_text()).replace("lab/", "")
    for one in NAMES:
        text = text if one == unreachable else re.sub(rf"(?<![\w-]){one}(?![\w-])", f"@fake/{one}", text)
    return text


def lab(unreachable: str = "", stopped: str = "", api: str = "") -> tuple[list[Any], list[Any]]:
    """``control_plane, workers = lab()`` in an inventory.

    Args:
        unreachable: a host where nothing listens.
        stopped: a host whose agent is stopped by a signal.
        api: what ``cilium_cluster.sh`` prints, if not what was recorded.
    """
    hosts = {}
    for name in NAMES:
        text = recorded(name, unreachable)
        if name == stopped:
            gone = ("status", "health", "probe", "process")
            kept = [line for line in text.splitlines() if line.split("\t")[0] not in gone]
            text = "\n".join(["process\tT", "status\t124 ", *kept])
        # The first that fits is given: only the one script asks for CiliumNodes, and both look for the agent.
        answers = {"ask cilium_nodes": api or recorded("cluster", unreachable), "cilium-agent /proc": text}
        hosts[name] = (f"@fake/{name}", {"fake_responses": answers, "fake_delay": 0, "fake_delay_jitter": 0})
    if unreachable:
        hosts[unreachable] = (unreachable, {"ssh_hostname": "127.0.0.1", "ssh_port": 1, "node_address": "127.0.0.1"})
    return [hosts["k8s-cp"]], [hosts[name] for name in NAMES if name != "k8s-cp"]


def asked(folder: Path, expression: str = "") -> tuple[Run, dict[str, Any]]:
    """The run, and what it wrote."""
    file = folder / "found.json"
    given = f"__import__('tests.deploys.test_cilium_status', fromlist=['lab']).lab({expression})"
    done = run(folder, "cilium_status", "-y", "--data", f"cilium_status_file={file}", lab=given)
    return done, json.loads(file.read_text()) if file.exists() else {}


def blamed(found: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one["kind"], one["where"]) for one in found["troubles"] if one["severity"] == "error"}


def test_a_healthy_cluster(tmp_path: Path) -> None:
    done, found = asked(tmp_path)
    assert found.get("healthy"), done.stderr
    assert done.returncode == 0
    assert "Cilium is healthy" in done.stderr
    assert done.record == []


def test_a_stopped_agent_is_told_and_the_run_fails(tmp_path: Path) -> None:
    done, found = asked(tmp_path, "stopped='k8s-worker1'")
    assert blamed(found) == {("agent-suspended", "@fake/k8s-worker1")}, done.stderr
    assert done.returncode == 1
    assert "its agent was stopped by a signal; next: on @fake/k8s-worker1: sudo pkill -CONT" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_host_that_ssh_cannot_reach_is_not_known(tmp_path: Path) -> None:
    done, found = asked(tmp_path, "unreachable='k8s-worker1'")
    assert blamed(found) == set(), done.stderr
    assert list(found["unknown"]) == ["k8s-worker1"]
    assert done.returncode == 1


def test_a_silent_api_leaves_the_agents(tmp_path: Path) -> None:
    done, found = asked(tmp_path, "api='nodes\\\\t1 connection refused\\\\nasked\\\\t1732269600'")
    assert blamed(found) == {("api-silent", "control plane")}, done.stderr
    assert [one["agent"] for one in found["nodes"]] == ["ok"] * 3


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``kubestead cilium status`` in a folder a run was made ready in."""
    argv = [sys.executable, "-m", "kubestead.cli", "cilium", "status", "--inventory", "inventory.py", *arguments]
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "120"}
    return subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_tells_what_the_deploy_found(tmp_path: Path) -> None:
    asked(tmp_path, "stopped='k8s-worker1'")
    told = command(tmp_path, "--json")
    assert told.returncode == 1
    assert blamed(json.loads(told.stdout)) == {("agent-suspended", "@fake/k8s-worker1")}
    screen = command(tmp_path)
    assert screen.returncode == 1
    assert screen.stdout.startswith("not healthy: Cilium 1.18.4, routing vxlan")
    for words in ("1 of 1, hears 3 of 3 nodes", "  next: on @fake/k8s-worker1: sudo pkill -CONT -x cilium-agent"):
        assert words in screen.stdout
    assert re.search(r"@fake/k8s-worker1 +down", screen.stdout)


def test_the_command_says_when_nothing_can_be_known(tmp_path: Path) -> None:
    asked(tmp_path)
    (tmp_path / "inventory.py").write_text("control_plane, workers = [], []\n")
    told = command(tmp_path)
    assert told.returncode == 1
    assert told.stdout == ""
    assert "Traceback" not in told.stderr
