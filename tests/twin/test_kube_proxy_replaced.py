"""Cilium in place of kube-proxy, by one setting. A cluster of its own, so not in CI: ``make test-long``."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubestead.twin import cgroups, plan
from tests.twin.conftest import Twin
from tests.twin.operator import KUBECTL, altered_site, deploy

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
