"""The command lines that make networks, images and hosts."""

from pathlib import Path

import pytest

from kubestead.errors import KubesteadError
from kubestead.twin import boot, control, image, mirror, network
from kubestead.twin.plan import Plan

NODE = Plan("t").nodes[0]


def test_the_bridge_has_the_gateways_address_and_no_forwarding():
    lines = [" ".join(argv) for argv in network.bridge_commands("t")]
    assert "ip -n kubestead-t addr add 192.168.1.1/24 dev br0" in lines
    assert "ip netns exec kubestead-t sysctl -qw net.ipv4.ip_forward=0" in lines
    assert not [line for line in lines if " route " in line]


def test_a_host_is_one_end_of_a_pair_whose_other_is_on_the_bridge():
    lines = [" ".join(argv) for argv in network.node_commands(NODE)]
    assert lines[0] == "ip netns add kubestead-t.k8s-cp"
    assert lines[2] == (
        f"ip -n kubestead-t link add k8s-cp type veth peer name eth0 address {NODE.mac} netns kubestead-t.k8s-cp"
    )
    assert lines[3] == "ip -n kubestead-t link set k8s-cp master br0 up"


def test_a_host_is_configured_statically():
    text = network.networkd_file(NODE)
    assert "Address=192.168.1.187/24" in text
    assert "Gateway=192.168.1.1" in text


def test_nspawn_keeps_the_clock_and_the_swap_from_a_host():
    argv = boot.nspawn_command(NODE, {})
    assert argv[0] == "systemd-nspawn"
    assert "--capability=all" in argv
    assert "--drop-capability=CAP_SYS_TIME" in argv
    assert "--system-call-filter=~@clock @swap" in argv
    assert argv.index("--drop-capability=CAP_SYS_TIME") > argv.index("--capability=all")


def test_nspawn_joins_the_hosts_own_namespace_under_its_own_name():
    argv = boot.nspawn_command(NODE, {"/usr/lib/modules": "/m"})
    assert "--network-namespace-path=/run/netns/kubestead-t.k8s-cp" in argv
    assert "--machine=kubestead-t-k8s-cp" in argv
    assert "--hostname=k8s-cp" in argv
    assert argv[-1] == "--bind-ro=/m:/usr/lib/modules"


@pytest.mark.parametrize(("version", "unified"), [("v1", "0"), ("v2", "1")])
def test_a_host_has_the_machines_cgroup_version(version, unified):
    assert boot.environment(version)["SYSTEMD_NSPAWN_UNIFIED_HIERARCHY"] == unified


def test_the_script_enters_the_cgroups_before_it_mounts_and_boots():
    text = boot.script(["systemd-nspawn", "--a=b c"], [Path("/cg/odd name/x")])
    assert text.splitlines() == [
        "set -eu",
        "echo $$ > '/cg/odd name/x/cgroup.procs'",
        "mount -t overlay overlay -o lowerdir=image,upperdir=upper,workdir=work root",
        "mount -o loop,discard var.ext4 root/var",
        "exec systemd-nspawn '--a=b c'",
    ]


def test_a_host_is_started_in_namespaces_of_its_own():
    assert boot.command(NODE, "true") == [
        *("nsenter", "--net=/run/netns/kubestead-t.k8s-cp"),
        *("unshare", "--mount", "--propagation", "private", "sh", "-c", "true"),
    ]


def test_the_image_is_a_minimal_system_from_the_machines_own_source():
    source = image.AptSource("http://mirror.example/debian", "bookworm", ("main",))
    argv = image.debootstrap_command(source, Path("/x/rootfs"))
    assert argv[:3] == ["debootstrap", "--variant=minbase", "--components=main"]
    assert argv[-3:] == ["bookworm", "/x/rootfs", "http://mirror.example/debian"]
    included = argv[3].removeprefix("--include=").split(",")
    # What the packages kubelet and kubeadm depend on; a host has no source to get them from.
    needed = {"iptables", "iproute2", "socat", "util-linux", "mount", "ebtables", "ethtool", "conntrack"}
    assert needed <= set(included)


INDEX_TARGETS = """\
http://mirror.example/ubuntu/ jammy main
http://mirror.example/ubuntu/ jammy universe
http://mirror.example/ubuntu/ jammy multiverse
http://mirror.example/ubuntu/ jammy-updates main
http://security.example/ubuntu/ jammy-security main
http://other.example/apt jammy stable
"""


def test_the_machines_own_release_is_taken_without_what_it_adds():
    source = image.parse_index_targets(INDEX_TARGETS, "jammy")
    assert source == image.AptSource("http://mirror.example/ubuntu/", "jammy", ("main", "universe"))


def test_a_machine_without_a_source_of_its_release_is_told():
    with pytest.raises(KubesteadError, match=r"'bookworm'.*add one"):
        image.parse_index_targets(INDEX_TARGETS, "bookworm")


def test_the_image_key_follows_what_shapes_it(monkeypatch, tmp_path):
    before = image.key("bookworm")
    assert before == image.key("bookworm")
    assert before != image.key("jammy")
    monkeypatch.setattr(image, "PACKAGES", (*image.PACKAGES, "cowsay"))
    assert before != image.key("bookworm")


def test_the_supervisor_runs_inside_the_bridges_namespace():
    argv = control.start_command("t", "v1")
    assert argv[:2] == ["nsenter", "--net=/run/netns/kubestead-t"]
    assert argv[-3:] == ["-m", "kubestead.twin.supervisor", "t"]


def test_the_mirror_is_served_on_the_bridge():
    line = " ".join(mirror.serve_command(Path("/m")))
    assert line.endswith("mirror serve /m --listen 192.168.1.1 --port 8080 --registry-port 5000")
