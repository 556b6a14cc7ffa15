"""Cilium in place of kube-proxy, by one setting. A cluster of its own, so not in CI: ``make test-long``."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubestead.twin import cgroups, plan
from kubestead.twin.plan import GATEWAY, Plan
from tests.twin.conftest import Twin, eventually
from tests.twin.operator import KUBECTL, altered_site, deploy
from tests.twin.traffic import outside
from tests.twin.traffic.capture import capture
from tests.twin.traffic.pods import Pod, apply, of_service, service, start

pytestmark = pytest.mark.twin_long

BPF_PROG_QUERY, SYS_BPF, BPF_CGROUP_INET4_CONNECT = 16, 321, 10


@pytest.fixture(scope="module")
def replaced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    """A cluster of two nodes without kube-proxy."""
    twin = Twin("test-kube-proxy")
    twin.must("up", "--workers", "1")
    try:
        site = altered_site(twin, tmp_path_factory.mktemp("site"), overrides={"kube_proxy": "replace"})
        run = deploy(twin, "cluster", site=site, inventory="inventory/twin.py")
        assert run.returncode == 0, run.text
        assert "ok      service by name (DNS)" in run.text
        yield twin
    finally:
        twin.must("down")


@pytest.fixture(scope="module")
def pods(replaced: Twin) -> dict[str, Pod]:
    """A pod on each node, and services by node ports: of the second, and of both."""
    found = start(replaced, {"one": "k8s-cp", "two": "k8s-worker1"})
    services = [service("far", "NodePort", {"name": "two"}), service("spread", "NodePort", {"app": "server"})]
    apply(replaced, "---\n".join(services))
    return found


def node_port(twin: Twin, name: str, number: int) -> int:
    return int(of_service(twin, name, f".spec.ports[{number}].nodePort"))


def attached_programs(cgroup: Path) -> int:
    """How many programs hang on a cgroup's connect(2) for IPv4: bpf(2), BPF_PROG_QUERY."""
    descriptor = os.open(cgroup, os.O_RDONLY)
    try:
        attributes = ctypes.create_string_buffer(
            struct.pack("=IIIIQI", descriptor, BPF_CGROUP_INET4_CONNECT, 0, 0, 0, 0), 64
        )
        assert ctypes.CDLL(None, use_errno=True).syscall(SYS_BPF, BPF_PROG_QUERY, attributes, 64) == 0
        return int(struct.unpack_from("=I", attributes, 24)[0])
    finally:
        os.close(descriptor)


def test_there_is_no_kube_proxy(replaced: Twin) -> None:
    assert "kube-proxy" not in replaced.ssh(
        "k8s-cp", f"{KUBECTL} -n kube-system get daemonsets,pods,configmaps -o name"
    )
    status = replaced.ssh("k8s-cp", f"{KUBECTL} -n kube-system exec ds/cilium -c cilium-agent -- cilium-dbg status")
    assert "KubeProxyReplacement:    True" in status


def test_each_agents_socket_programs_hang_on_its_own_node(replaced: Twin) -> None:
    """Nodes that shared a cgroup2 root would collide there (cilium #14951)."""
    (tree,) = [folder for folder in cgroups.find(plan.cgroup(replaced.name)) if (folder / "cgroup.kill").exists()]
    cgroups_below = [path for path in tree.rglob("*") if path.is_dir()]
    assert sorted(path.relative_to(tree).parts[0] for path in cgroups_below if attached_programs(path)) == [
        "k8s-cp",
        "k8s-worker1",
    ]
    assert attached_programs(tree) == 0


def test_the_answer_goes_back_through_the_node_that_was_asked(replaced: Twin, pods: dict[str, Pod]) -> None:
    """``cilium_lb_mode = "snat"``: the pod sees a node, and no other node speaks to the caller."""
    asked = str(replaced.record["addresses"]["k8s-cp"])
    http, udp = node_port(replaced, "far", 0), node_port(replaced, "far", 1)
    eventually(lambda: outside.answers(replaced, asked, http), seconds=60)
    with capture(replaced) as seen:
        caller = outside.get(replaced, asked, http, "/clientip").rpartition(":")[0]
        assert outside.asked_by_udp(replaced, asked, udp, "hostname") == "two"
        answers = [packet for packet in seen.packets() if packet.destination == GATEWAY and packet.ports[0] != 22]
    assert caller != GATEWAY
    assert {packet.ports[0] for packet in answers} == {http, udp}
    assert {packet.macs[0] for packet in answers} == {Plan(replaced.name).node("k8s-cp").mac}


def test_every_node_picks_a_pod_by_itself(replaced: Twin, pods: dict[str, Pod]) -> None:
    """``cilium_lb_algorithm = "random"``: the same callers at another node get other pods; by Maglev, never."""
    port = node_port(replaced, "spread", 1)

    def chosen(node: str) -> dict[int, str]:
        address = str(replaced.record["addresses"][node])
        eventually(lambda: outside.answers(replaced, address, node_port(replaced, "spread", 0)), seconds=60)
        ask = outside.asked_by_udp
        return {own: ask(replaced, address, port, "hostname", own) for own in range(41000, 41032)}

    first, second = chosen("k8s-cp"), chosen("k8s-worker1")
    assert set(first.values()) == set(second.values()) == {"one", "two"}
    assert first != second
