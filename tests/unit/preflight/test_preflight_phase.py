"""The edge, through pyinfra's own command line on @fake hosts: once per run, all at once, nothing after an error."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.deploys.runner import chart
from tests.fixtures import catalog

REPOSITORY = Path(__file__).parents[3]
DEPLOY = """
from pyinfra import host
from pyinfra.operations import server
from kubestead.phases.preflight import host_facts, membership, preflight
spec = preflight()
assert host_facts(host).architecture == "amd64" and not membership(host).joined
server.shell(name=f"after preflight of {spec.cluster_name}", commands=["true"])
print(len(host.connector.executed_commands), "commands")
"""
INVENTORY = """
from tests.fixtures.hosts import fake_lab
control_plane, workers = fake_lab()
"""


def run(folder: Path, inventory: str, *options: str, config: str = "") -> subprocess.CompletedProcess[str]:
    content = catalog.content()
    content["files"]["cilium-chart"]["any"]["sha256"] = chart(folder / ".cache")
    (folder / "catalog.yaml").write_text(yaml.safe_dump(content))
    (folder / "group_data").mkdir()
    (folder / "group_data" / "all.py").write_text(
        f"kubestead_sources = {{'catalog': {str(folder / 'catalog.yaml')!r}}}\n"
    )
    (folder / "inventory.py").write_text(inventory)
    (folder / "deploy.py").write_text(DEPLOY)
    (folder / "config.py").write_text(config)
    return subprocess.run(
        [str(Path(sys.executable).with_name("pyinfra")), "inventory.py", "deploy.py", *options],
        cwd=folder, env={"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("options", [("-y",), ("--dry",), ("-y", "--parallel", "1")], ids=" ".join)
def test_healthy_hosts_pass_with_two_commands_each(tmp_path: Path, options: tuple[str, ...]) -> None:
    """And one more on the control plane, for what runs there.

    With fewer places than hosts, too: waiting hosts must not keep the one that asks from asking.
    """
    done = run(tmp_path, INVENTORY, *options)

    assert done.returncode == 0, done.stderr
    assert done.stderr.count("--> Preflight: 1 warning") == 1
    assert (done.stdout.count("2 commands"), done.stdout.count("3 commands")) == (2, 1)


def test_every_finding_of_every_host_is_told_and_nothing_runs(tmp_path: Path) -> None:
    inventory = (
        INVENTORY
        + """
def spoil(entry, old, new):
    answers = entry[1]["fake_responses"]
    assert old in answers["@@ identity"]
    answers["@@ identity"] = answers["@@ identity"].replace(old, new)

spoil(workers[0], "MemTotal:        4008164 kB", "MemTotal:        921600 kB")
spoil(workers[1], 'VERSION_ID="22.04"', 'VERSION_ID="18.04"')
workers[1][1]["fake_responses"]["/dev/tcp"] = "192.168.1.187 6443 124"
control_plane[0][1]["fake_responses"]["@@ identity"] = {"success": False, "stderr": "broken pipe"}
"""
    )
    done = run(tmp_path, inventory, "-y", "--json")

    assert done.returncode == 1
    assert "memory = 900 MiB: is less than the 1700 MiB asked for" in done.stderr
    assert "OS = Ubuntu 22.04.5 LTS: is not supported" in done.stderr
    assert "192.168.1.187 tcp 6443: does not answer" in done.stderr
    assert "facts: could not be read" in done.stderr
    assert "nothing was changed" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert "after preflight" not in done.stdout + done.stderr


def test_json_stays_json(tmp_path: Path) -> None:
    done = run(tmp_path, INVENTORY, "-y", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout[done.stdout.index("{") :])["results"]["totals"]["hosts"] == 3


def test_a_wrong_spec_is_told_before_any_host_is_asked(tmp_path: Path) -> None:
    inventory = INVENTORY + "for entry in [*control_plane, *workers]: entry[1]['pod_cdir'] = '10.0.0.0/8'\n"
    inventory += "entry = None\n"
    inventory += "workers[0][1]['taints'] = ['nonsense']\n"
    done = run(tmp_path, inventory, "-y")

    assert done.returncode == 1
    assert "did you mean pod_cidr?" in done.stderr
    assert "is not a taint" in done.stderr
    assert done.stderr.count("did you mean") == 1
    assert done.stderr.splitlines()[-1].endswith("preflight: 2 errors, nothing was changed")
    assert "commands" not in done.stdout


def test_a_cluster_key_set_for_one_group_only_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, INVENTORY + "workers[0][1]['kube_proxy'] = 'replace'\n", "-y")
    assert done.returncode == 1
    assert "kube_proxy: differs between hosts: 'keep' on @fake/k8s-cp, @fake/k8s-worker2" in done.stderr


def test_a_host_without_an_ipv4_address_is_told(tmp_path: Path) -> None:
    done = run(tmp_path, INVENTORY + "workers[0][1]['node_address'] = None\n", "-y")
    assert done.returncode == 1
    assert "write node_address for it in site.yaml" in done.stderr


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("", "cannot be reached over SSH"),
        ("from pyinfra import config\nconfig.FAIL_PERCENT = 0\n", "Over 0% of hosts failed (33%)"),
    ],
    ids=["pyinfra goes on", "pyinfra stops"],
)
def test_an_unreachable_host_is_named_and_ends_the_run(tmp_path: Path, config: str, words: str) -> None:
    closed = "{'ssh_hostname': '127.0.0.1', 'ssh_port': 1, 'node_address': '192.168.1.62'}"
    done = run(tmp_path, f"{INVENTORY}workers[1] = ('k8s-worker2', {closed})\n", "-y", config=config)

    assert done.returncode == 1
    assert re.search(r"\[k8s-worker2\] +Could not connect", done.stderr)
    assert words in done.stderr
    assert "after preflight" not in done.stdout + done.stderr


def test_limit_compares_only_what_was_asked(tmp_path: Path) -> None:
    done = run(tmp_path, INVENTORY, "-y", "--limit", "workers")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("commands") == 2
