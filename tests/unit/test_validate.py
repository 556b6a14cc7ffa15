"""``kubestead validate``: what it finds, how it tells, and its exit code. It runs in a folder of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from kubestead.cli.main import app, main
from kubestead.errors import KubesteadError
from kubestead.phases.validate import validate
from kubestead.site import network
from tests.deploys.runner import chart
from tests.fixtures import catalog
from tests.unit.anything.anything import told

ROOT = Path(__file__).parents[2]
INVENTORY = """
from kubestead.inventory import load
control_plane, workers = load(control_plane=[("node1", "203.0.113.1")], workers=[("node2", "203.0.113.2")])
"""
SITE = {"sources": {"catalog": "catalog.yaml", "base_url": "http://mirror.invalid:8080/"}}


def make(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    # An option that sets it for a run lasts no longer than the test.
    monkeypatch.setenv("KUBESTEAD_SITE", "")
    monkeypatch.setattr(network, "TWINS", tmp_path / "twins")
    # pyinfra keeps the code of every file it ran, by its name.
    monkeypatch.setattr("pyinfra_cli.util.PYTHON_CODES", {})
    content = catalog.content()
    content["files"]["cilium-chart"]["any"]["sha256"] = chart(tmp_path / "cache")
    make(tmp_path, {
        ".ssh/known_hosts": "", "config.py": "", "inventory/lab.py": INVENTORY, "site.yaml": SITE,
        "catalog.yaml": content, "group_data/all.py": "cluster_name = 'mine'\n",
    })  # fmt: skip
    return tmp_path


def run(*words):
    result = CliRunner().invoke(app, ["validate", *words])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def as_json(*words):
    result = run("--json", *words)
    return result.exit_code, json.loads(result.stdout)


def errors(*words):
    code, data = as_json(*words)
    found = [(finding["where"], finding["reason"]) for finding in data["findings"] if finding["severity"] == "error"]
    assert (code, data["ok"], data["errors"]) == (1 if found else 0, not found, len(found))
    assert all(finding["fix"] for finding in data["findings"])
    return found


def test_all_well(project):
    code, data = as_json()
    assert (code, data["ok"], data["errors"], data["hosts"]) == (0, True, 0, ["node1", "node2"])
    assert data["capacity"] == {
        "nodes": 65536, "pods_per_node": 110, "limit": "maxPods", "pods": 7208960, "services": 65534,
        "load_balancer_addresses": 0,
    }  # fmt: skip
    # The release in the catalog is one whose support ended, and no test may begin to fail on a day to come.
    assert {finding["where"] for finding in data["findings"]} <= {"group_data/all.py: kubernetes_version"}


def test_all_well_for_a_person(project):
    result = run()
    assert result.exit_code == 0
    assert "kubestead: 2 hosts in this machine's network" in result.stdout
    assert "room for 65,536 nodes, 110 pods on each (maxPods)" in result.stdout
    assert "no host was contacted" in result.stdout


def test_everything_that_is_wrong_is_told_at_once(project):
    content = catalog.content()
    content["images"]["registry.k8s.io/etcd"]["sha256"] = "unverified"
    content["files"]["runc"]["version"] = "1.2.9"
    content["apt"]["kubernetes"]["packages"]["kubelet"] = "1.33.1-1.1"
    make(project, {
        "group_data/all.py": "service_cidr = '10.96.0.0/12'\nkubernetes_version = '1.31.13'\n",
        "group_data/workers.py": "pod_cidr = '10.0.0.0/8'\ntaints = ['x']\n",
        "inventory/lab.py": INVENTORY.replace("node2", "Node_2").replace("203.0.113.2", "10.20.0.2"),
        "site.yaml": {**SITE, "hosts": {"node1": {"node_address": "203.0.113.9", "key": "nowhere/id"}}},
        "catalog.yaml": content,
    })  # fmt: skip
    found = errors()
    expected = [
        ("host Node_2", "is not a name"),
        ("site.yaml: key", "cannot be read"),
        ("group_data/workers.py: pod_cidr", "belongs to the whole cluster"),
        ("group_data/workers.py: taints.0", "is not a taint"),
        ("group_data/all.py: pod_cidr", "10.20.0.2/32 is the address of Node_2"),
        ("group_data/all.py: service_cidr", "meets the pod pool"),
        ("group_data/all.py: runc_version", "runc 1.2.9"),
        ("group_data/all.py: kubernetes_version", "kubelet 1.33.1"),
        ("catalog test", "registry.k8s.io/etcd are unverified"),
    ]
    for where, reason in expected:
        assert [one for one in found if one[0].endswith(where) and reason in one[1]], (where, reason)
    assert len(found) == len(expected)


def test_any_pair_of_networks(project):
    make(project, {"group_data/all.py": "cilium_more_pod_cidrs = ['10.1.0.0/16']\n"})
    code, data = as_json()
    (finding,) = [finding for finding in data["findings"] if finding["severity"] == "error"]
    assert (code, finding["where"]) == (1, "group_data/all.py: cilium_more_pod_cidrs.0")
    assert finding["reason"] == "meets the pod pool 10.0.0.0/8 (pod_cidr)"
    assert finding["fix"].startswith("write '172.24.0.0/13' there; a cluster that runs with it keeps it")


def test_without_a_valid_spec_nothing_is_said_of_room(project):
    make(project, {"group_data/all.py": "pod_cidr = 'x'\n"})
    assert as_json()[1]["capacity"] is None


def test_a_broken_spec_does_not_hide_the_site_and_the_catalog(project):
    make(project, {
        "group_data/all.py": "hubbel = True\n", "site.yaml": {**SITE, "hosts": {"node1": {"port": 0}}},
    })  # fmt: skip
    assert [where.rpartition(": ")[2] for where, _ in errors()] == ["hosts.node1.port", "hubbel"]
    make(project, {"site.yaml": SITE, "catalog.yaml": "origin: 1"})
    assert {where.rpartition(": ")[2] for where, _ in errors()} == {"hubbel", "origin", "files", "apt", "images"}


def test_another_site_file(project):
    make(project, {"other.yaml": {**SITE, "overrides": {"hubbel": True}}})
    (only,) = errors("--site", "other.yaml")
    assert only[0].endswith("other.yaml:2: overrides.hubbel")


@pytest.mark.parametrize("path", ["nowhere.yaml", ".", "", "config.py/x"])
def test_a_site_file_that_is_none(project, path):
    assert len(errors("--site", path)) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("control_plane = [\n", "lab.py:1"),
        ("import nothing_of_that_name\n", "ModuleNotFoundError"),
        ("\n\ncontrol_plane = nodes\n", "lab.py:3"),
        ("import sys; sys.exit(3)\n", "SystemExit"),
        ("", "gives no hosts"),
        ("control_plane = 'node1'\n", "gives no hosts"),
        ("control_plane = []\nworkers = []\n", "gives no hosts"),
        (INVENTORY.replace("control_plane=", "control_plan="), "unexpected keyword argument"),
        (INVENTORY.replace('[("node1", "203.0.113.1")]', "3"), "must be a list of pairs"),
        (INVENTORY.replace('("node2", "203.0.113.2")', '("node2",)'), "must be a name and an address"),
    ],
    ids=range(10),
)
def test_an_inventory_that_does_not_run(project, text, words):
    make(project, {"inventory/lab.py": text})
    found = errors()
    assert words in str(found)


@pytest.mark.parametrize("path", ["nowhere.py", "inventory", "inventory/lab", "", "site.yaml"])
def test_an_inventory_that_is_none(project, path):
    assert len(errors("--inventory", path)) >= 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hubble = \n", "all.py:1"),
        ("hubble = Yes\n", "NameError"),
        ("raise SystemExit\n", "SystemExit"),
        ("\0", "null"),
    ],
)
def test_group_data_that_does_not_run(project, text, words):
    make(project, {"group_data/all.py": text})
    assert words in str(errors())


def test_group_data_that_is_no_text(project):
    (project / "group_data/all.py").write_bytes(b"cluster_name = '\xe9'\n")
    assert "is not UTF-8 text" in str(errors())
    (project / "group_data/all.py").unlink()
    (project / "group_data/all.py").mkdir()
    assert "Is a directory" in str(errors())


def test_a_folder_that_is_not_ours(project):
    (project / "config.py").unlink()
    assert "config.py" in str(errors())


def test_two_control_planes(project):
    two = '[("node1", "203.0.113.1"), ("node3", "203.0.113.3")]'
    make(project, {"inventory/lab.py": INVENTORY.replace('[("node1", "203.0.113.1")]', two)})
    assert [where for where, _ in errors()] == ["inventory: control_plane"]


def test_a_catalog_whose_mirror_is_not_named(project):
    content = catalog.content()
    content["apt"]["kubernetes"]["url"] = "apt/kubernetes/"
    make(project, {"catalog.yaml": content, "site.yaml": {"sources": {"catalog": "catalog.yaml"}}})
    assert errors() == [("catalog test", "its URLs are relative to a mirror's, and none is named")]


def test_values_the_chart_does_not_know(project):
    make(project, {"group_data/all.py": "cilium_extra_values = {'hubble': {'relaay': {}}}\n"})
    assert "relaay" in str(errors())


def test_without_the_chart_the_values_are_not_checked_and_that_is_told(project):
    for path in (project / "cache/kubestead/downloads").iterdir():
        path.unlink()
    make(project, {"group_data/all.py": "cilium_extra_values = {'hubble': {'relaay': {}}}\n"})
    code, data = as_json()
    assert code == 0
    assert "Cilium's values were not checked" in str(data["findings"])


def test_interrupted(project, monkeypatch):
    def interrupt(path):
        raise KeyboardInterrupt

    monkeypatch.setattr("kubestead.phases.validate.validate", interrupt)
    assert run().exit_code == 130


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KubesteadError("told"), TypeError("a bug")])
def test_a_failure_is_one_line_and_exit_code_1(project, monkeypatch, capsys, error):
    def fail(path):
        raise error

    monkeypatch.setattr("kubestead.phases.validate.validate", fail)
    monkeypatch.setattr(sys, "argv", ["kubestead", "validate"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert str(error) in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("words", [["--what"], ["extra"], ["--inventory"]])
def test_wrong_usage(project, words):
    assert run(*words).exit_code == 2


lines = st.sampled_from(
    [
        "\0",
        "x = 1",
        "control_plane = ",
        "['a']",
        "[('a', {})]",
        "\\",
        "(",
        "raise",
        "del x",
        "\ufeff",
        "é",
        "    ",
        "\n",
        "all = ",
        "([], {})",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.lists(lines | st.text(max_size=5), max_size=6), st.lists(lines, max_size=6))
def test_any_python_file(project, inventory, data):
    import pyinfra_cli.util

    pyinfra_cli.util.PYTHON_CODES.clear()
    (project / "inventory/any.py").write_bytes("".join(inventory).encode("utf-8", "surrogatepass"))
    (project / "group_data/all.py").write_bytes("".join(data).encode("utf-8", "surrogatepass"))
    result = validate(Path("inventory/any.py"))
    assert result.findings
    told(result.findings)


def test_the_real_command_and_the_real_lab(tmp_path):
    """Its exit code is what the shell sees; this checkout's own files, with a catalog that has digests."""
    make(tmp_path, {"site.yaml": SITE, "catalog.yaml": catalog.content(), ".ssh/known_hosts": ""})
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    words = [Path(sys.executable).with_name("kubestead"), "validate", "--json", "--inventory", "inventory/example.py"]
    done = subprocess.run(
        [*words, "--site", str(tmp_path / "site.yaml")], cwd=ROOT, env=environment,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert json.loads(done.stdout)["hosts"] == ["node1", "node2", "node3"]
