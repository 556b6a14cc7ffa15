"""Facts read by the shell on this machine: what the commands really print, and what becomes of it."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest

from kubestead.facts import artifacts, kernel
from kubestead.facts.containerd import ContainerdConfiguration, EffectiveConfiguration, Images
from kubestead.facts.health import ClusterHealth
from kubestead.facts.helm import HelmRelease
from kubestead.facts.leftovers import Leftovers
from kubestead.facts.membership import EndpointAnswers, NodeMembership
from kubestead.facts.names import NameAddresses
from kubestead.facts.node import ApiNode, NodeView
from kubestead.facts.packages import AptSourcesNaming, InstalledPackages
from kubestead.facts.timesync import ActiveTimeKeeper
from kubestead.health import ClusterState
from kubestead.membership import Membership
from tests.shell import fact, sh


def test_missing_kernel_modules():
    loaded = next(Path("/sys/module").iterdir()).name
    assert fact(kernel.MissingModules, modules=(loaded, "no_such_module")) == ["no_such_module"]


def test_kernel_settings_and_one_that_is_not_there():
    values = fact(kernel.KernelSettings, keys=("kernel.ostype", "no.such.key", "net.ipv4.ip_local_port_range"))
    low, high = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    assert values == {"kernel.ostype": "Linux", "net.ipv4.ip_local_port_range": f"{low} {high}"}


def test_active_swap():
    assert fact(kernel.ActiveSwap) == [line.split()[0] for line in Path("/proc/swaps").read_text().splitlines()[1:]]


def test_installed_packages():
    found = fact(InstalledPackages, names=("coreutils", "no-such-package"))
    assert found.keys() == {"coreutils"}
    assert found["coreutils"].version[0].isdigit()
    assert not found["coreutils"].held


@pytest.fixture
def stamps(tmp_path, monkeypatch):
    monkeypatch.setattr(artifacts, "STAMPS", str(tmp_path / "stamps"))
    (tmp_path / "stamps").mkdir()
    return tmp_path / "stamps"


def stamp(path: Path, digest: str, *installed: Path) -> None:
    lines = []
    for file in installed:
        at = file.stat()
        changed = f"{at.st_ctime_ns // 10**9}.{at.st_ctime_ns % 10**9:09}"
        lines.append(f"{file} {at.st_size} {int(at.st_mtime)} {changed}")
    path.write_text("\n".join([digest, *lines]) + "\n")


def test_artifacts_whose_files_are_as_they_were_put(stamps, tmp_path):
    names = ["kept", "changed", "removed", "touched"]
    for name in names:
        (tmp_path / name).write_text("binary")
        stamp(stamps / name, f"sha-of-{name}", tmp_path / name, tmp_path / "kept")
    (tmp_path / "changed").write_text("another binary")
    (tmp_path / "removed").unlink()
    os.utime(tmp_path / "touched", (1, 1))

    assert fact(artifacts.InstalledArtifacts) == {"kept": "sha-of-kept"}


@pytest.mark.parametrize("text", ["", "sha\n", "sha", "\n\n"], ids=repr)
def test_a_stamp_that_was_cut_off_is_none(stamps, text):
    (stamps / "containerd").write_text(text)
    assert fact(artifacts.InstalledArtifacts) == {}


def test_no_stamps_no_artifacts(stamps):
    stamps.rmdir()
    assert fact(artifacts.InstalledArtifacts) == {}


def test_a_listening_endpoint_answers_and_a_closed_one_is_silent():
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"127.0.0.1:{server.getsockname()[1]}"
        assert fact(EndpointAnswers, endpoint=endpoint), "it accepts, and never says a word"
    assert not fact(EndpointAnswers, endpoint=endpoint)


def test_a_name_nobody_knows_is_silent():
    assert not fact(EndpointAnswers, endpoint="k8s-api.invalid:6443")


def test_a_host_without_bash_cannot_tell_whether_the_endpoint_answers(tmp_path):
    assert sh(EndpointAnswers().command("127.0.0.1:1"), path=str(tmp_path)).returncode == 127


MEMBER = Membership(is_member=True, server="https://k8s-api:6443")


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ({}, Membership()),
        ({"etc/kubernetes/manifests/x.yaml": "", "etc/kubernetes/admin.conf": ""}, Membership()),
        ({"etc/kubernetes/kubelet.conf": "clusters:\n- cluster:\n    server: https://k8s-api:6443\n"}, MEMBER),
        ({"etc/kubernetes/manifests/kube-apiserver.yaml": ""}, Membership()),
        (
            {"etc/kubernetes/manifests/kube-apiserver.yaml": "", "etc/kubernetes/admin.conf": ""},
            Membership(is_control_plane=True),
        ),
        ({"var/lib/etcd/member/wal": ""}, Membership(has_etcd_data=True)),
        ({"var/lib/kubestead/kubeadm-in-progress": "init\n"}, Membership(interrupted="init")),
        ({"var/lib/kubestead/kubeadm-in-progress": "join\n"}, Membership(interrupted="join")),
        ({"var/lib/kubestead/kubeadm-in-progress": ""}, Membership(interrupted="join")),
    ],
)
def test_membership_is_told_by_files(tmp_path, made, expected):
    for path, text in made.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    command = re.sub(r"/(etc/kubernetes|var/lib)", rf"{tmp_path}/\1", NodeMembership().command())

    lines = sh(command).stdout.decode().splitlines()

    assert NodeMembership().process(lines) == expected


@pytest.fixture
def bare(tmp_path):
    """A search path with a minimal system's tools, none of them of Kubernetes or systemd."""
    for tool in ("cat", "cut", "sed", "awk", "grep", "sort", "find", "ls", "tail", "tr"):
        found = sh(f"command -v {tool}").stdout.decode().strip()
        (tmp_path / tool).symlink_to(found)
    return str(tmp_path)


def test_on_a_bare_host_no_fact_fails(bare):
    """A failing command would fail the host in pyinfra; what cannot be asked has its default."""
    assert fact(ContainerdConfiguration, path=bare) == EffectiveConfiguration()
    assert fact(Images, path=bare) == frozenset()
    assert fact(HelmRelease, path=bare, release="cilium", namespace="kube-system") is None
    assert fact(ApiNode, path=bare, node="node1") == NodeView()
    assert fact(ActiveTimeKeeper, path=bare) is None
    assert fact(InstalledPackages, path=bare, names=("kubelet",)) == {}
    assert fact(kernel.KernelSettings, path=bare, keys=("net.ipv4.ip_forward",)) == {}
    assert fact(ClusterHealth, path=bare) == ClusterState()


def test_a_host_without_a_cluster_has_no_leftovers(bare):
    assert fact(Leftovers, path=bare) == []


def test_apts_sources_that_name_a_repository(tmp_path):
    folder = tmp_path / "sources.list.d"
    folder.mkdir()
    texts = {
        "a b.list": "deb http://mirror/apt/ /\n",
        "c.sources": "URIs: http://other/\n",
        "d.save": "http://mirror/apt\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    command = AptSourcesNaming().command("http://mirror/apt/").get_raw_value().replace("/etc/apt", str(tmp_path))
    lines = sh(command).stdout.decode().splitlines()
    assert AptSourcesNaming().process(lines) == {str(folder / "a b.list"): "deb http://mirror/apt/ /\n"}


def test_what_a_name_means_here():
    assert fact(NameAddresses, host_name="localhost") == ["127.0.0.1"]
    assert fact(NameAddresses, host_name="k8s-api.invalid") == []
