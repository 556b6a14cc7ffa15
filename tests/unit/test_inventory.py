"""The inventory as pyinfra's own command reads it. Nothing connects: the command is debug-inventory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INVENTORY = """
from kubestead.inventory import load
control_plane, workers = load(control_plane=[("node1", "203.0.113.1")], workers=[("node2", "203.0.113.2")])
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / ".ssh").mkdir()
    for name, text in {
        "inventory/mine.py": INVENTORY,
        "group_data/all.py": "cluster_name = 'mine'\nkubelet_config = {'a': 1}\n",
        "config.py": "from kubestead.guard import guard_run\nguard_run()\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.fixture
def pyinfra(project):
    def run(*arguments, inventory="inventory/mine.py"):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(project)}
        environment.pop("KUBESTEAD_SITE", None)
        return subprocess.run(
            [sys.executable, "-m", "pyinfra", inventory, "--json", *arguments, "debug-inventory"],
            cwd=project, env=environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    return run


def refused(result):
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert "nothing was touched" in result.stderr
    lines = [line for line in result.stderr.splitlines() if line.startswith("kubestead: ")]
    return [line for line in lines if " hosts in " not in line]


def test_hosts_groups_and_overrides_reach_pyinfra(project, pyinfra):
    (project / "site.yaml").write_text("overrides: {kubelet_config: {b: 2}}\n")
    result = pyinfra()
    assert result.returncode == 0, result.stderr
    hosts = {host["name"]: host for host in json.loads(result.stdout)}
    assert hosts["node1"]["groups"] == ["control_plane", "mine"]
    assert hosts["node2"]["groups"] == ["workers", "mine"]
    assert hosts["node2"]["data"]["ssh_hostname"] == "203.0.113.2"
    assert hosts["node2"]["data"]["cluster_name"] == "mine"
    assert hosts["node2"]["data"]["kubelet_config"] == {"b": 2}
    assert "kubestead: 2 hosts in " in result.stderr
    assert "overrides in force: kubelet_config (b)" in result.stderr


def test_all_findings_of_all_sources_come_at_once(project, pyinfra):
    (project / "site.yaml").write_text("hosts: {node1: {prot: 1}}\noverrides: {hubbel: true}\n")
    (project / "group_data/all.py").write_text("pod_cidr = '10.20.0.0/8'\n")
    (project / "group_data/workers.py").write_text("kube_proxy = 'keep'\n")
    lines = refused(pyinfra("--data", "dns_domain=x.y"))
    assert [line.split(": ", 2)[2].split(" ")[0].rstrip(":") for line in lines] == [
        "hosts.node1.prot", "overrides.hubbel", "kube_proxy", "dns_domain", "pod_cidr",
    ]  # fmt: skip


def test_group_data_named_on_the_command_line_is_checked_too(project, pyinfra):
    (project / "more").mkdir()
    (project / "more/workers.py").write_text("pod_cidr = '10.0.0.0/8'\n")
    (line,) = refused(pyinfra("--group-data", "more"))
    assert line.startswith("kubestead: more/workers.py: pod_cidr")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--limit", "wrokers"], "--limit = 'wrokers': matches no host"),
        (["--limit", "workers", "--limit", "node9"], "--limit = 'node9': matches no host"),
        (["--exclude", "node9"], "--exclude = 'node9': matches no host"),
        (["--limit", "workers", "--exclude", "node2"], "leaves no host"),
        (["--exclude", "mine"], "leaves no host"),
    ],
)
def test_a_run_that_would_reach_no_host_is_refused(pyinfra, arguments, words):
    assert words in "\n".join(refused(pyinfra(*arguments)))


@pytest.mark.parametrize("limit", ["workers", "mine", "node2", "node*"])
def test_a_limit_that_matches_is_taken(pyinfra, limit):
    assert pyinfra("--limit", limit).returncode == 0


def test_an_inventory_without_hosts_is_refused(project, pyinfra):
    (project / "inventory/mine.py").write_text(
        "from kubestead.inventory import load\ncontrol_plane, workers = load()\n"
    )
    (line,) = refused(pyinfra())
    assert "no control plane" in line


def test_a_missing_inventory_file_is_refused(pyinfra):
    result = pyinfra(inventory="inventory/mien.py")
    assert result.returncode == 1
    assert "there is no inventory file inventory/mien.py" in result.stderr
    assert "Traceback" not in result.stderr
