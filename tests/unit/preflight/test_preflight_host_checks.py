"""Every check of one host: nothing to say about a healthy one, and the right thing about each that is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from ipaddress import IPv4Network
from typing import Any

import pytest

from kubestead.catalog import Catalog
from kubestead.errors import Finding
from kubestead.netplan import Route
from kubestead.preflight.checks import run_checks
from kubestead.preflight.model import ClusterFiles, Device, Filesystem, HostInfo, LockHolder, OsRelease, Socket
from kubestead.preflight.parse import host_info
from kubestead.spec import ClusterSpec
from tests.fixtures.catalog import catalog
from tests.fixtures.hosts import host, recorded, survey

TODAY = date(2025, 10, 1)
JOINED = ClusterFiles(**dict.fromkeys(("admin_conf", "kubelet_conf", "apiserver_manifest", "etcd_data"), True))


def findings(
    name: str, spec: ClusterSpec | None = None, catalog: Catalog | None = None, **changes: Any
) -> list[Finding]:
    """All findings of a healthy lab in which one host has ``changes``."""
    return run_checks(survey(host(name, spec=spec, **changes), spec=spec, catalog=catalog), TODAY)


def text(name: str, **changes: Any) -> str:
    return "\n".join(f"{finding.severity}: {finding}" for finding in findings(name, **changes))


def test_healthy_bare_hosts_give_no_finding() -> None:
    assert run_checks(survey(), TODAY) == []


CASES: list[tuple[str, dict[str, Any], str, str]] = [
    ("OS", {"os": OsRelease("ubuntu", "20.04", "focal", "Ubuntu 20.04.6 LTS")}, "error", "Ubuntu 20.04.6 LTS"),
    ("OS", {"os": OsRelease("fedora", "42")}, "error", "fedora 42"),
    ("OS", {"os": OsRelease("debian")}, "error", "debian None"),
    ("OS", {"os": OsRelease()}, "error", "could not be read"),
    ("architecture", {"architecture": "riscv64"}, "error", "not supported"),
    ("architecture", {"architecture": None}, "error", "could not be read"),
    ("cores", {"cores": 1}, "error", "less than the 2 asked for"),
    ("cores", {"cores": None}, "error", "could not be read"),
    ("memory", {"memory_mib": 1699}, "error", "'1699 MiB': is less than the 1700 MiB asked for"),
    ("memory", {"memory_mib": None}, "error", "could not be read"),
    ("free disk below /var/lib", {"var": Filesystem(9.9, None)}, "error", "'9.9 GiB': is less than the 10 GiB"),
    ("free disk below /var/lib", {"var": Filesystem()}, "error", "could not be read"),
    ("free inodes below /var/lib", {"var": Filesystem(50.0, 99_999)}, "error", "less than 100000"),
    ("user id", {"euid": 1000}, "error", "not run as root"),
    ("user id", {"euid": None}, "error", "not run as root"),
    ("init", {"systemd": False}, "error", "systemd does not run"),
    ("init", {"systemd": None}, "error", "systemd does not run"),
    ("hostname", {"hostname": "localhost"}, "warning", "the node will be called k8s-worker1"),
    ("hostname", {"hostname": None}, "error", "could not be read"),
    ("machine-id", {"machine_id": None}, "error", "could not be read"),
    ("machine-id", {"machine_id": "uninitialized"}, "error", "could not be read"),
    ("kernel", {"kernel": "5.4.0-216-generic"}, "error", "older than 5.10"),
    ("kernel", {"kernel": "custom"}, "error", "could not be read"),
    ("kernel features", {"kernel_features": {"vxlan": False, "overlay": True}}, "error", "'vxlan': are missing"),
    ("kernel features", {"kernel_features": {"tc bpf": None}}, "warning", "'tc bpf': could not be told"),
    ("cgroup", {"cgroup_version": None}, "error", "could not be read"),
    ("cgroup", {"cgroup_controllers": None}, "error", "could not be read"),
    ("cgroup", {"cgroup_controllers": ("cpu", "cpuset", "pids")}, "error", "lacks the controllers memory"),
    ("cgroup", {"cgroup_version": 1}, "warning", "maintenance mode"),
    ("swap", {"swap_devices": ("/swap.img", "/dev/sda2")}, "warning", "/swap.img, /dev/sda2"),
    ("swap", {"swap_devices": None}, "warning", "could not be read"),
    ("services", {"active_units": ("k3s-agent.service",)}, "error", "k3s runs here"),
    ("systemd units", {"active_units": None}, "error", "could not be read"),
    ("packages", {"packages": {"containerd.io": "1.7.27-1", "docker-ce": "28"}}, "error", "containerd.io docker-ce"),
    ("apt", {"package_locks": (LockHolder("/var/lib/dpkg/lock", 7, "unattended-upgr"),)}, "warning", "(pid 7)"),
    ("firewall", {"ufw_enabled": True}, "warning", "8472/udp"),
    ("firewall", {"active_units": ("firewalld.service",)}, "warning", "firewalld"),
    ("listening ports", {"sockets": None}, "error", "could not be read"),
    ("addresses", {"devices": None}, "error", "could not be read"),
    ("node address", {"devices": (Device("eth0", None, ("10.0.2.15/24",)),)}, "error", "it has 10.0.2.15/24"),
    ("routes", {"routes": None}, "error", "could not be read"),
    ("role", {"files": JOINED}, "error", "a control plane lives here"),
]


@pytest.mark.parametrize(("what", "changes", "severity", "words"), CASES, ids=lambda value: str(value)[:50])
def test_a_host_that_is_not_as_it_should_be(what: str, changes: dict[str, Any], severity: str, words: str) -> None:
    about = [f for f in findings("k8s-worker1", **changes) if f.where == f"k8s-worker1: {what}"]

    assert [f.severity for f in about] == [severity], text("k8s-worker1", **changes)
    assert words in str(about[0])
    assert about[0].fix


def test_unknown_is_never_healthy() -> None:
    """A host that says nothing at all gives an error for every question that matters."""
    silent = replace(host("k8s-worker1"), info=HostInfo(), clock=None, probes=None)
    about = {f.where.partition(": ")[2] for f in run_checks(survey(silent), TODAY) if f.severity == "error"}
    assert about >= {"OS", "architecture", "cores", "memory", "free disk below /var/lib", "user id", "init", "hostname"}
    assert about >= {"machine-id", "kernel", "cgroup", "addresses", "routes", "clock", "connections to the other nodes"}


def test_a_node_in_service_may_have_used_its_disk_and_keep_its_containerd_package() -> None:
    changes = {"files": JOINED, "var": Filesystem(4.0, 50_000), "packages": {"containerd": "1.7"}}
    about = [f for f in findings("k8s-cp", **changes) if f.where.startswith("k8s-cp: ")]
    assert {f.severity for f in about} == {"warning"}
    assert len(about) == 3


def test_a_catalog_without_a_build_for_the_architecture() -> None:
    assert findings("k8s-worker1", catalog=catalog()) == []
    (finding,) = findings("k8s-worker1", catalog=catalog(), architecture="arm64")
    assert "no arm64 build of containerd" in finding.reason


def test_the_minimum_comes_from_the_spec() -> None:
    spec = ClusterSpec(preflight_minimum={"cores": 4, "memory_mib": 8000, "disk_gib": 100})  # type: ignore[arg-type]
    about = {f.where for f in findings("k8s-worker1", spec=spec) if f.where.startswith("k8s-worker1")}
    assert about == {f"k8s-worker1: {what}" for what in ("cores", "memory", "free disk below /var/lib")}


def _sockets(*held: tuple[int, str | None], protocol: Any = "tcp") -> tuple[Socket, ...]:
    return tuple(Socket(protocol, "*", port, owner) for port, owner in held)


def test_a_port_held_by_a_stranger() -> None:
    (finding,) = findings("k8s-worker1", sockets=_sockets((10250, "nginx"), (22, "sshd")))
    assert finding.where == "k8s-worker1: port 10250/tcp"
    assert "nginx" in str(finding.value)
    assert finding.reason == "is needed for kubelet"


def test_the_control_planes_ports_are_free_to_use_on_a_worker() -> None:
    assert findings("k8s-worker1", sockets=_sockets((6443, "haproxy"), (2379, "etcd"))) == []
    assert len(findings("k8s-cp", sockets=_sockets((6443, "haproxy"), (2379, "etcd")))) == 2


def test_the_clusters_own_processes_hold_their_ports_on_the_second_run() -> None:
    built = host_info(recorded("debian-12-control-plane").splitlines())
    lab = survey(replace(host("k8s-cp"), info=built))
    assert [f for f in run_checks(lab, TODAY) if f.severity == "error"] == []


def test_strays_of_a_wiped_node_are_not_the_clusters_own() -> None:
    built = host_info(recorded("debian-12-control-plane").splitlines())
    nothing = ClusterFiles(**dict.fromkeys(("admin_conf", "kubelet_conf", "apiserver_manifest", "etcd_data"), False))
    nothing = replace(nothing, bootstrap_kubelet_conf=False, kubelet_config=False, ca_certificate=False)
    lab = survey(replace(host("k8s-cp"), info=replace(built, files=nothing)))
    held = {f.where.rpartition(" ")[2] for f in run_checks(lab, TODAY) if ": port" in f.where}
    assert {"6443/tcp", "2379/tcp", "10250/tcp", "8472/udp"} <= held


def test_another_network_plugins_vxlan_device_holds_the_port() -> None:
    (finding,) = findings("k8s-worker1", sockets=_sockets((8472, None), protocol="udp"))
    assert finding.where == "k8s-worker1: port 8472/udp"
    assert "the kernel" in str(finding.value)


def test_kube_proxys_ports_do_not_matter_where_cilium_replaces_it() -> None:
    sockets = _sockets((10256, "nginx"))
    assert len(findings("k8s-worker1", sockets=sockets)) == 1
    assert findings("k8s-worker1", spec=ClusterSpec(kube_proxy="replace"), sockets=sockets) == []


def test_owners_are_not_judged_without_root() -> None:
    about = findings("k8s-worker1", euid=1000, sockets=_sockets((10250, None)))
    assert [f.where for f in about] == ["k8s-worker1: user id"]


def test_a_live_route_in_the_pool_is_refused_with_a_pool_that_fits() -> None:
    nat = (Route(IPv4Network("10.0.2.0/24"), "eth0"), Route(IPv4Network("192.168.1.0/24"), "eth1"))
    (finding,) = findings("k8s-worker1", routes=nat)
    assert finding.where == "pod_cidr"
    assert "10.0.2.0/24" in finding.reason
    assert "k8s-worker1" in finding.reason
    assert "write pod_cidr = '10." in finding.fix
