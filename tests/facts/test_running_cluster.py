"""The fact RunningClusterFacts: its script, run in a folder that plays a host, with a kubectl that plays an API."""

from __future__ import annotations

import base64
import re
import subprocess
from pathlib import Path

import pytest
from pyinfra.api.exceptions import FactProcessError

from kubestead.adopt.running import HelmRecord, RunningCluster
from kubestead.facts.membership import MARKER
from kubestead.facts.running_cluster import SCRIPT, RunningClusterFacts
from kubestead.operations.kubeadm import CONFIGURATION
from tests.unit.adopt.running import stored

KUBECTL = """#!/bin/sh
echo "$@" >> {log}
case $* in
*secrets*) cat {folder}/record;;
*ciliumpodippools*) cat {folder}/pools;;
*get*) cat {folder}/objects;;
esac
"""
OBJECTS = 'object\tConfigMap/kubeadm-config\t{"ClusterConfiguration":"clusterName: lab\\n"}\t\t\n'


class Host:
    """A folder with the files of a host; commands in ``bin`` come before the machine's own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, folder / "log"
        self.write("bin/kubectl", KUBECTL.format(log=self.log, folder=folder)).chmod(0o755)
        self.write("objects", OBJECTS)
        self.write("record", base64.b64encode(stored({"info": {"status": "deployed"}}).encode()).decode())
        self.log.touch()

    def write(self, path: str, text: str = "") -> Path:
        file = self.folder / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def control_plane(self) -> Host:
        self.write("etc/kubernetes/manifests/kube-apiserver.yaml")
        self.write("etc/kubernetes/admin.conf")
        self.write("etc/kubernetes/kubelet.conf", "    server: https://192.168.1.187:6443\n")
        return self

    def fact(self) -> RunningCluster | None:
        script = re.sub(r"/(etc|var)/", rf"{self.folder}/\1/", RunningClusterFacts().command())
        path = f"{self.folder}/bin:/usr/bin:/bin"
        done = subprocess.run(["sh", "-c", script], env={"PATH": path}, capture_output=True, text=True, check=True)
        return RunningClusterFacts().process(done.stdout.splitlines())


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_a_host_without_a_control_plane_is_not_asked(host: Host) -> None:
    host.write("etc/kubernetes/kubelet.conf", "    server: https://192.168.1.187:6443\n")
    assert host.fact() is None
    assert host.log.read_text() == ""


def test_half_a_control_plane_is_not_asked(host: Host) -> None:
    host.control_plane().write(MARKER, "init")
    assert host.fact() is None


def test_a_cluster_somebody_built(host: Host) -> None:
    host.control_plane().write("etc/cni/net.d/10-flannel.conflist", '{"plugins": [\n{ "type" : "flannel" }]}')
    host.write("etc/cni/net.d/99-loopback.conf", '{"type":"loopback"}')
    assert host.fact() == RunningCluster(
        answers=True,
        server="https://192.168.1.187:6443",
        configuration={"clusterName": "lab"},
        record=HelmRecord("deployed", ""),
        network_plugins=(("99-loopback.conf", "loopback"), ("10-flannel.conflist", "flannel")),
    )


def test_a_cluster_of_our_own_is_asked_once_and_its_release_is_not_read(host: Host) -> None:
    host.control_plane().write(CONFIGURATION)
    host.write("var/lib/kubestead/cilium-values.yaml")
    cluster = host.fact()
    assert cluster
    assert (cluster.built_here, cluster.cilium_kept_here, cluster.record) == (True, True, None)
    assert host.log.read_text().count("--kubeconfig") == 1


def test_pools_are_asked_for_with_multi_pool_only(host: Host) -> None:
    host.control_plane().write("var/lib/kubestead/cilium-values.yaml")
    host.fact()
    assert "ciliumpodippools" not in host.log.read_text()
    host.write("objects", OBJECTS + 'object\tConfigMap/cilium-config\t{"debug":"false","ipam":"multi-pool"}\t\t\n')
    host.write("pools", "podpool\tdefault\t24\t10.0.0.0/8\n")
    cluster = host.fact()
    assert cluster
    assert cluster.pod_pools == (("default", "24", "10.0.0.0/8"),)


def test_a_release_that_is_not_there_is_none(host: Host) -> None:
    host.control_plane().write("record")
    cluster = host.fact()
    assert cluster
    assert cluster.record is None


def test_an_api_that_is_silent(host: Host) -> None:
    host.control_plane().write("bin/kubectl", "#!/bin/sh\nexit 1\n")
    cluster = host.fact()
    assert cluster
    assert (cluster.answers, cluster.server) == (False, "https://192.168.1.187:6443")


def test_the_script_writes_to_no_file() -> None:
    assert set(re.findall(r">+ *([^\s&\"]+)", SCRIPT.read_text())) == {"/dev/null"}


@pytest.mark.parametrize("output", [["answers", "object\tConfigMap/cilium-config\t{"], ["server"], ["helm\tno base64"]])
def test_an_answer_that_was_cut_off_is_no_answer(output: list[str]) -> None:
    with pytest.raises(FactProcessError, match="cannot be read"):
        RunningClusterFacts().process(output)
