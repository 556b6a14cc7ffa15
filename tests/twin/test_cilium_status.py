"""``kubestead cilium status`` beside real faults: it names what is wrong and where, and blames nobody else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from typing import Any

import pytest

from tests.twin.conftest import Twin, eventually
from tests.twin.operator import KUBECTL

pytestmark = pytest.mark.twin

KUBE_SYSTEM = f"{KUBECTL} --namespace kube-system"
# What tests before this one may have done to an agent or the relay, both well again.
PAST = {"agent-restarted", "relay-partial"}
# All of the pool but its first parts, which the nodes and the operator's next candidates have.
HOG, LATE = "hog", "k8s-late"
BRIDGE = '{"cniVersion": "1.0.0", "name": "old", "plugins": [{"type": "bridge", "bridge": "cni0"}]}'


def asked(twin: Twin, *options: str) -> subprocess.CompletedProcess[str]:
    """``kubestead cilium status`` as an operator has it."""
    command = [sys.executable, "-m", "kubestead.cli", "cilium", "status", "--inventory", "inventory/lab.py", *options]
    return twin.cli("exec", "--", *command, timeout=300)


def told(twin: Twin) -> dict[str, Any]:
    """What it says, as JSON; its exit code says the same."""
    done = asked(twin, "--json")
    assert done.stdout.startswith("{"), done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if found["healthy"] else 1), done.stderr
    return found


def blamed(found: dict[str, Any], severity: str = "error") -> set[tuple[str, str]]:
    """What is wrong, and where."""
    return {(one["kind"], one["where"]) for one in found["troubles"] if one["severity"] == severity}


def until(twin: Twin, *wanted: tuple[str, str], seconds: float = 60) -> dict[str, Any]:
    """Ask until exactly this is wrong, and return what was said then; some of it shows only after a while."""
    said: list[dict[str, Any]] = []

    def right() -> bool:
        said.append(told(twin))
        return blamed(said[-1]) == {*wanted}

    try:
        eventually(right, seconds)
    except AssertionError:
        pytest.fail(json.dumps({key: said[-1][key] for key in ("troubles", "unknown")}, indent=1))
    return said[-1]


@contextmanager
def fault(twin: Twin, node: str, breaks: str, heals: str) -> Iterator[None]:
    """Two commands on a host, the second whatever happens; then all must be well again."""
    twin.ssh(node, breaks)
    try:
        yield
    finally:
        twin.ssh(node, heals)
        well = until(twin, seconds=90)["healthy"]
    assert well


@contextmanager
def catalogued(twin: Twin, node: str, name: str) -> Iterator[None]:
    """A fault of ``kubestead twin faults``."""
    twin.must("break", node, name)
    try:
        yield
    finally:
        twin.must("heal", node, name)
        well = until(twin, seconds=120)["healthy"]
    assert well


def only(found: dict[str, Any], kind: str) -> dict[str, Any]:
    """The one trouble of this kind."""
    (one,) = [one for one in found["troubles"] if one["kind"] == kind]
    return dict(one)


def advised(twin: Twin, trouble: dict[str, Any]) -> str:
    """What the next command prints, run as it is given: on the host it names, or on the control plane."""
    said = str(trouble["then"])
    node, _, command = said.removeprefix("on ").partition(": ") if said.startswith("on ") else ("k8s-cp", "", said)
    return twin.ssh(node, command)


def test_a_healthy_cluster_has_nothing_to_tell(built: Twin) -> None:
    found = until(built)
    assert found["unknown"] == {}
    assert [one for one in found["troubles"] if one["kind"] not in PAST] == []
    assert [(one["agent"], one["reached"], one["others"]) for one in found["nodes"]] == [("ok", 2, 2)] * 3
    assert found["relay"] == "1 of 1, hears 3 of 3 nodes"
    screen = asked(built)
    assert screen.returncode == 0
    assert screen.stdout.startswith("healthy: Cilium 1.18.4, routing vxlan, kube-proxy kept, masquerading iptables")


def test_an_agent_that_was_stopped(built: Twin) -> None:
    with catalogued(built, "k8s-worker1", "cilium-agent-suspended"):
        found = until(built, ("agent-suspended", "k8s-worker1"))
        assert found["unknown"] == {}
        assert only(found, "agent-suspended")["then"] == "on k8s-worker1: sudo pkill -CONT -x cilium-agent"


def test_no_operator(built: Twin) -> None:
    with catalogued(built, "k8s-cp", "cilium-operator-pending"):
        found = until(built, ("operator-down", "cilium-operator"))
        trouble = only(found, "operator-down")
        assert "Pending" in " ".join(trouble["evidence"])
        assert "FailedScheduling" in advised(built, trouble)


def test_the_tunnels_port_is_blocked_on_one_node(built: Twin) -> None:
    rule = "INPUT --protocol udp --dport 8472 --jump DROP"
    with fault(built, "k8s-worker2", f"iptables --insert {rule}", f"iptables --delete {rule}"):
        found = until(built, ("tunnel-blocked", "k8s-worker2"))
        trouble = only(found, "tunnel-blocked")
        assert "vxlan, UDP 8472" in trouble["what"]
        assert any(line.startswith("k8s-cp asks k8s-worker2") for line in trouble["evidence"])
        assert "--dport 8472 -j DROP" in advised(built, trouble)


def test_a_foreign_cni_file_comes_first(built: Twin) -> None:
    """Cilium sets such a file aside at once, unless it cannot."""
    file = "/etc/cni/net.d/00-old.conflist"
    breaks = (
        f"pkill -STOP -x cilium-agent; printf '%s' '{BRIDGE}' > {file}; chattr +i {file}; pkill -CONT -x cilium-agent"
    )
    with fault(built, "k8s-worker1", breaks, f"chattr -i {file} 2>/dev/null; rm -f {file}*"):
        found = until(built, ("cni-foreign", "k8s-worker1"))
        trouble = only(found, "cni-foreign")
        assert "00-old.conflist names bridge" in trouble["evidence"][0]
        advised(built, trouble)


def test_the_pool_is_used_up(built: Twin) -> None:
    """All parts but those in use are claimed for a node that is not there, and a node comes late."""
    pool = ip_network("10.0.0.0/8")
    rest = [str(part) for part in pool.address_exclude(ip_network("10.0.0.0/22"))] + ["10.0.3.0/24"]
    objects = [{"apiVersion": "cilium.io/v2", "kind": "CiliumNode", "metadata": {"name": HOG},
                "spec": {"ipam": {"podCIDRs": rest}}}]  # fmt: skip
    late = [{"apiVersion": "cilium.io/v2", "kind": "CiliumNode", "metadata": {"name": LATE}, "spec": {}}]
    try:
        for some in (objects, late):
            built.ssh(
                "k8s-cp", f"{KUBECTL} apply -f -", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": some})
            )
        found = until(built, ("pool-exhausted", LATE))
        trouble = only(found, "pool-exhausted")
        assert "the pool 10.0.0.0/8 has 65536 parts of /24, and 65536 are given" in trouble["evidence"]
        assert trouble["then"] == (
            "append a network to cilium_more_pod_cidrs in group_data/all.py; then: pyinfra INVENTORY deploys/cluster.py"
        )
        assert ("addresses-held", HOG) in blamed(found, "warning")
    finally:
        built.ssh("k8s-cp", f"{KUBECTL} delete ciliumnode {LATE} {HOG} --ignore-not-found")
    assert until(built)["healthy"]


def test_a_setting_was_changed_behind_the_agents_back(built: Twin) -> None:
    before = built.ssh(
        "k8s-cp", f"{KUBE_SYSTEM} get configmap cilium-config -o jsonpath='{{.data.monitor-aggregation}}'"
    )

    def set_to(value: str) -> None:
        patch = json.dumps({"data": {"monitor-aggregation": value}})
        built.ssh("k8s-cp", f"{KUBE_SYSTEM} patch configmap cilium-config --type=merge --patch '{patch}'")

    set_to("low")
    try:
        found = told(built)
        assert found["healthy"]
        assert {where for kind, where in blamed(found, "warning") if kind == "other-settings"} == {
            "k8s-cp", "k8s-worker1", "k8s-worker2",
        }  # fmt: skip
        line = f"monitor-aggregation: runs with {before}, ConfigMap: low"
        assert all(line in one["evidence"] for one in found["troubles"] if one["kind"] == "other-settings")
    finally:
        set_to(before)
