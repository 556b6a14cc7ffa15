"""testinfra's look at the hosts of a built cluster: files, services, packages, kernel settings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import testinfra  # type: ignore[import-untyped]
from testinfra.host import Host  # type: ignore[import-untyped]

from tests.twin.conftest import Twin
from tests.twin.operator import NODES, inside_network

pytestmark = pytest.mark.twin


@pytest.fixture(scope="module", params=NODES)
def host(built: Twin, request: pytest.FixtureRequest) -> Iterator[Host]:
    """One host of the built cluster, over SSH with the twin's key and pinned host key."""
    address = built.record["addresses"][request.param]
    with inside_network(built):
        yield testinfra.get_host(
            f"ssh://root@{address}",
            ssh_identity_file=str(built.state / "id_ed25519"),
            ssh_extra_args=f"-o UserKnownHostsFile={built.state / 'known_hosts'} -o StrictHostKeyChecking=yes",
        )


def test_the_services_run_and_start_at_boot(host: Host) -> None:
    for name in ("containerd", "kubelet"):
        assert host.service(name).is_running
        assert host.service(name).is_enabled


def test_the_packages_are_there_in_the_exact_version(host: Host) -> None:
    for name in ("kubelet", "kubeadm", "kubectl"):
        assert host.package(name).version == "1.31.13-1.1"
    assert set(host.check_output("apt-mark showhold").split()) >= {"kubelet", "kubeadm", "kubectl"}


def test_the_kernel_is_set_now_and_for_the_next_boot(host: Host) -> None:
    assert host.sysctl("net.ipv4.ip_forward") == 1
    assert host.sysctl("net.bridge.bridge-nf-call-iptables") == 1
    assert host.sysctl("fs.inotify.max_user_instances") == 8192
    assert host.file("/etc/sysctl.d/90-kubestead.conf").contains("net.ipv4.ip_forward = 1")
    assert host.file("/etc/modules-load.d/kubestead.conf").contains("^br_netfilter$")


def test_containerd_is_configured_as_meant(host: Host) -> None:
    dump = host.check_output("containerd config dump")
    assert "SystemdCgroup = true" in dump
    assert "sandbox = 'registry.k8s.io/pause:3.10'" in dump
    assert "config_path = '/etc/containerd/certs.d'" in dump
    assert host.check_output("containerd --version").split()[2] == "v2.1.5"
    assert "1.3.3" in host.check_output("runc --version")


def test_secrets_are_roots_alone(host: Host) -> None:
    assert host.file("/etc/kubernetes/kubelet.conf").mode == 0o600
    private = "-name '*.key' -o -name '*.pem' -o -name '*.conf'"
    assert host.check_output(rf"find /var/lib/kubelet/pki /etc/kubernetes -type f \( {private} \) -perm /077") == ""


def test_the_control_planes_name_leads_to_it(host: Host) -> None:
    assert host.check_output("getent hosts k8s-api").split() == ["192.168.1.187", "k8s-api"]


def test_nothing_listens_that_should_not(host: Host) -> None:
    """Open to others: SSH, the kubelet's and kube-proxy's ports, Cilium's, and the control plane's API and etcd."""
    lines = host.check_output("ss -Hltn").splitlines()
    sockets = [line.split()[3].rpartition(":") for line in lines]
    open_ports = {int(port) for address, _, port in sockets if not address.startswith(("127.", "[::1]"))}
    allowed = {22, 10250, 10256, 4240, 4244, 9963, 9964, 9878}
    control_plane = {6443, 2379, 2380}
    assert open_ports <= allowed | control_plane
