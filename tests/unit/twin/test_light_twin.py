"""The light twin's plan, site, room, and what its stand-ins answer to kubestead's own questions."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
import yaml

from kubestead.adopt.running import parse
from kubestead.facts.health import ClusterHealth
from kubestead.facts.nodemarks import NodeMarks
from kubestead.spec import ClusterSpec
from kubestead.twin import checks, kernelsettings, plan, site, state
from kubestead.twin.light import standin
from kubestead.twin.machine import Machine
from kubestead.twin.plan import Plan

ROOMY = Machine(cores=2, memory=20000, state_disk=40000, cache_disk=40000, state_filesystem="ext4")
CONFIGURATION = {"clusterName": "lab", "proxy": {"disabled": False}, "kubernetesVersion": "v1.31.13"}


def test_a_twin_stays_light() -> None:
    assert Plan.from_data(Plan("t", workers=50, light=True).as_data()).light
    assert "light" not in Plan("t").as_data()
    assert not Plan.from_data({"name": "t", "control_planes": 1, "workers": 2}).light


def test_its_site_alone_leaves_the_smoke_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    light, whole = (site.data(Plan("t", light=light), state.files("t"), None)["overrides"] for light in (True, False))
    assert light == {**whole, "smoke": False}
    assert ClusterSpec.load(light).smoke is False


def test_fifty_light_hosts_fit_where_whole_ones_do_not() -> None:
    nodes = Plan("t", workers=50).nodes
    assert checks.findings(ROOMY, nodes, image_cached=True, light=True) == []
    assert {found.where for found in checks.findings(ROOMY, nodes, image_cached=True)} == {
        "memory", "disk of the twin's state",
    }  # fmt: skip


@pytest.mark.parametrize(("before", "after"), [("128", "2040"), ("8192", "8192")])
def test_room_is_made_for_every_hosts_inotify_and_never_taken(tmp_path: Path, before: str, after: str) -> None:
    path = kernel(tmp_path, "fs/inotify/max_user_instances", before)
    kernelsettings.make_room(51, tmp_path)
    assert path.read_text() == after


def test_room_is_made_for_neighbours_and_given_back(tmp_path: Path) -> None:
    """With the default of 1024, fifty hosts that probed each other were out of reach of each other."""
    folder, defaults = "net/ipv4/neigh/default", ("128", "512", "1024")
    paths = [kernel(tmp_path, f"{folder}/gc_thresh{n}", text) for n, text in enumerate(defaults, 1)]
    kernelsettings.remember(tmp_path / "kept", tmp_path)
    kernelsettings.make_room(51, tmp_path)
    assert [int(path.read_text()) for path in paths] == [2550, 5100, 10200]
    kernelsettings.restore(tmp_path / "kept", tmp_path)
    assert [path.read_text() for path in paths] == ["128", "512", "1024"]


def kernel(root: Path, name: str, value: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value)
    return path


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A simulated cluster of two nodes, with Cilium's release."""
    monkeypatch.setattr(standin, "STATE", tmp_path)
    monkeypatch.setattr(standin, "_chart_version", lambda: "1.18.4")
    (tmp_path / "nodes").mkdir()
    for name in ("cp", "w1"):
        (tmp_path / "nodes" / name).touch()
    (tmp_path / "cluster.json").write_text(json.dumps(CONFIGURATION))
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump({"routingMode": "tunnel"}))
    standin.main("helm", ["upgrade", "--install", "cilium", "chart", "--values", str(values)])
    return tmp_path


def asked(command: object, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What the stand-in says to a fact's kubectl."""
    capsys.readouterr()
    words = shlex.split(str(command).partition(" 2>")[0])
    standin.main("kubectl", words[1:])
    return capsys.readouterr().out.splitlines()


def test_health_is_told_as_the_fact_reads_it(cluster: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = ClusterHealth().process(asked(ClusterHealth().command(), capsys))
    assert [(node.name, node.ready) for node in found.nodes] == [("cp", "True"), ("w1", "True")]
    assert [(one.name, one.wanted, one.ready) for one in found.workloads] == [("cilium", 2, 2)]


def test_marks_are_told_as_the_fact_reads_them(cluster: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert set(NodeMarks().process(asked(NodeMarks().command(), capsys))) == {"cp", "w1"}


def test_what_runs_is_told_as_the_preflight_reads_it(cluster: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = parse(["answers", *asked("kubectl get configmaps/kubeadm-config", capsys)])
    assert found is not None
    assert (found.configuration, found.kube_proxy) == (CONFIGURATION, True)
    assert (found.cilium_version, found.cilium_release) == ("1.18.4", ("cilium", "kube-system"))


def test_a_release_is_its_values(cluster: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    standin.main("helm", ["get", "values", "cilium"])
    assert json.loads(capsys.readouterr().out) == {"routingMode": "tunnel"}


@pytest.mark.parametrize(
    ("name", "words"), [("kubeadm", ["upgrade"]), ("kubectl", ["drain", "w1"]), ("helm", ["uninstall", "cilium"])]
)
def test_what_is_not_simulated_is_refused(name: str, words: list[str]) -> None:
    with pytest.raises(SystemExit, match=f"SIMULATED {name}: a light twin has no answer to"):
        standin.main(name, words)


def test_it_says_that_it_is_simulated() -> None:
    assert "SIMULATED" in plan.SIMULATED
