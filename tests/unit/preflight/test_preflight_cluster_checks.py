"""The checks that compare hosts with each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubestead.errors import Finding
from kubestead.preflight.checks import run_checks
from kubestead.preflight.clock import TOLERANCE, check_clocks
from kubestead.preflight.model import ClusterFiles, Device, HostInfo
from kubestead.preflight.network import NEIGHBOURS, needed_connections
from kubestead.preflight.survey import ClockOffset, Host, Node, Probe, Survey
from kubestead.spec import ClusterSpec
from tests.fixtures.hosts import NODES, host, survey

TODAY = date(2025, 10, 1)
LAB = survey()
BARE = ClusterFiles(*[False] * 7)
CONTROL_PLANE = ClusterFiles(True, True, False, True, True, True, True, "https://k8s-api:6443", "a" * 64)
WORKER = ClusterFiles(False, True, False, False, True, False, True, "https://k8s-api:6443", "a" * 64)


def run(*changed: Host) -> list[Finding]:
    return run_checks(survey(*changed), TODAY)


def test_cloned_machines() -> None:
    device = (Device("eth0", "52:54:00:00:00:01", ("192.168.1.61/24", "192.168.1.62/24")),)
    twins = [
        host(name, machine_id="0" * 32, hostname="ubuntu", devices=device) for name in ("k8s-worker1", "k8s-worker2")
    ]
    found = {f.where: f for f in run(*twins) if f.severity == "error"}
    assert set(found) == {f"k8s-worker1, k8s-worker2: {what}" for what in ("hostname", "machine-id", "MAC address")}
    assert "is the same on 2 hosts" in found["k8s-worker1, k8s-worker2: machine-id"].reason


def test_unknown_identities_are_not_taken_for_equal_ones() -> None:
    hosts = [host(name, machine_id=None, hostname=None) for name in ("k8s-worker1", "k8s-worker2")]
    assert not [f for f in run(*hosts) if "," in f.where]


def clocks(*middles: float, width: float = 0.1) -> list[Finding]:
    """Findings of the lab whose hosts' clocks are ``middles`` seconds off the controller's."""
    hosts = [
        Host(node, HostInfo(), ClockOffset(middle - width / 2, middle + width / 2))
        for node, middle in zip(NODES, middles, strict=True)
    ]
    return list(check_clocks(replace(LAB, hosts=tuple(hosts))))


def test_clocks_within_the_tolerance_agree_wherever_the_controllers_own_clock_stands() -> None:
    assert clocks(0, 1.9, -0.0) == []
    assert clocks(-3600, -3600.5, -3599) == []


@pytest.mark.parametrize(("offset", "words"), [(30.0, "30.0 s ahead of"), (-30.0, "30.0 s behind")])
def test_the_one_wrong_clock_is_named(offset: float, words: str) -> None:
    (finding,) = clocks(0, 0, offset)
    assert finding.where == "k8s-worker2: clock"
    assert words in str(finding.value)
    assert "timedatectl" in finding.fix


def test_of_two_hosts_the_one_further_from_the_controller_is_named() -> None:
    hosts = (
        replace(host("k8s-cp"), clock=ClockOffset(-60, -60)),
        replace(host("k8s-worker1"), clock=ClockOffset(0, 0)),
    )
    found = run_checks(Survey(ClusterSpec(), NODES, hosts, NODES, None), TODAY)
    assert [f.where for f in found] == ["k8s-cp: clock"]


def test_slow_answers_make_no_false_alarm_but_are_told() -> None:
    about = clocks(0, 4, -4, width=20)
    assert {f.severity for f in about} == {"warning"}
    assert "too long to compare" in about[0].reason


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3), st.floats(0, 10))
def test_whatever_the_clocks_say_there_is_no_false_alarm_and_no_great_skew_is_missed(
    middles: list[float], width: float
) -> None:
    refused = [f for f in clocks(*middles, width=width) if f.severity == "error"]
    spread = max(middles) - min(middles)
    # The middle one is the reference, so the farther of the others is at least half the spread away from it.
    assert bool(refused) or spread <= 2 * (TOLERANCE + width)
    assert not refused or spread > TOLERANCE + width


def test_what_connections_are_needed() -> None:
    first, worker, _ = NODES
    spec = ClusterSpec()
    assert needed_connections(worker, NODES, spec) == (
        ("192.168.1.187", 4240),
        ("192.168.1.187", 4244),
        ("192.168.1.187", 6443),
        ("192.168.1.62", 4240),
        ("192.168.1.62", 4244),
    )
    assert ("192.168.1.61", 10250) in needed_connections(first, NODES, spec)
    without_relay = needed_connections(worker, NODES, ClusterSpec(hubble_relay=False))
    assert ("192.168.1.62", 4244) not in without_relay


def test_what_does_not_answer_is_told_per_peer_with_its_ports() -> None:
    healthy = host("k8s-worker1")
    probes = [
        replace(probe, result="timeout") if probe.address == "192.168.1.62" else probe for probe in healthy.probes or ()
    ]
    (finding,) = run(replace(healthy, probes=tuple(probes)))
    assert finding.where == "k8s-worker1: connection to k8s-worker2"
    assert finding.value == "192.168.1.62 tcp 4240, 4244"
    assert "firewall" in finding.reason
    assert "/dev/tcp/192.168.1.62/4240" in finding.fix


@pytest.mark.parametrize("probes", [None, (), (Probe("192.168.1.187", 4240, "open"),)])
def test_connections_that_were_not_tried_are_not_healthy(probes: tuple[Probe, ...] | None) -> None:
    about = run(replace(host("k8s-worker1"), probes=probes))
    assert about
    assert all(f.severity == "error" for f in about)


def test_a_node_that_is_left_out_of_the_run_need_not_answer() -> None:
    worker = host("k8s-worker1")
    probes = tuple(
        replace(probe, result="timeout") if probe.address == "192.168.1.62" else probe for probe in worker.probes or ()
    )
    lab = replace(survey(), hosts=(replace(worker, probes=probes),), peers=NODES[:2])
    assert run_checks(lab, TODAY) == []


def test_a_single_node_needs_no_connections() -> None:
    alone = NODES[:1]
    lab = Survey(ClusterSpec(), alone, (replace(host("k8s-cp"), probes=()),), alone, None)
    assert run_checks(lab, TODAY) == []


def test_two_control_planes_are_not_built_yet() -> None:
    second = Node("k8s-cp2", "control_plane", IPv4Address("192.168.1.188"))
    lab = replace(survey(), nodes=(*NODES, second), hosts=())
    (finding,) = run_checks(lab, TODAY)
    assert finding.where == "inventory: control_plane"
    assert finding.value == "k8s-cp, k8s-cp2"


def test_no_control_plane() -> None:
    (finding,) = run_checks(replace(survey(), nodes=NODES[1:], hosts=()), TODAY)
    assert "must name one host" in finding.reason


def test_two_nodes_with_one_address() -> None:
    same = (NODES[0], NODES[1], Node("k8s-worker2", "worker", NODES[1].address))
    found = run_checks(replace(survey(), nodes=same, hosts=()), TODAY)
    assert [f.where for f in found] == ["k8s-worker1, k8s-worker2: node address"]


def test_one_cluster_in_service_is_well() -> None:
    assert (
        run(host("k8s-cp", files=CONTROL_PLANE), host("k8s-worker1", files=WORKER), host("k8s-worker2", files=BARE))
        == []
    )


def test_a_worker_of_another_cluster_is_named() -> None:
    other = replace(WORKER, ca_sha256="b" * 64)
    (finding,) = run(host("k8s-cp", files=CONTROL_PLANE), host("k8s-worker1", files=other))
    assert finding.where == "k8s-worker1: cluster"
    assert "reset.py --limit k8s-worker1" in finding.fix


def test_a_wiped_control_plane_with_joined_workers_is_refused_before_anything_is_changed() -> None:
    (finding,) = run(host("k8s-cp", files=BARE), host("k8s-worker1", files=WORKER))
    assert finding.where == "k8s-worker1"
    assert "k8s-cp holds no control plane" in finding.reason


def test_an_interrupted_first_start_is_taken_up_again() -> None:
    half = replace(CONTROL_PLANE, admin_conf=False, kubelet_conf=False, interrupted="init")
    assert run(host("k8s-cp", files=half)) == []


def test_a_run_limited_to_workers_says_nothing_of_the_control_plane_it_did_not_ask() -> None:
    lab = replace(survey(), hosts=(host("k8s-worker1", files=WORKER),))
    assert run_checks(lab, TODAY) == []


def test_the_end_of_upstreams_support_is_a_warning() -> None:
    (finding,) = run_checks(survey(), date(2026, 1, 1))
    assert finding.severity == "warning"
    assert "2025-11-11" in finding.reason


def test_among_many_nodes_every_one_is_probed_by_a_few():
    spec = ClusterSpec()
    cp = Node("cp", "control_plane", IPv4Address("10.9.0.1"))
    nodes = (cp, *(Node(f"w{n}", "worker", IPv4Address(f"10.9.1.{n}")) for n in range(50)))
    asked = {node.name: needed_connections(node, nodes, spec) for node in nodes}
    workers = {name: wanted for name, wanted in asked.items() if name != "cp"}
    assert {len(wanted) for wanted in workers.values()} == {NEIGHBOURS * 2 + 3}
    for node in nodes[1:]:
        by = [name for name, wanted in workers.items() if (str(node.address), 4240) in wanted]
        assert (len(by), node.name in by) == (NEIGHBOURS, False)
        assert (str(cp.address), 6443) in asked[node.name]
        assert (str(node.address), 10250) in asked["cp"]


def test_networks_of_the_other_clusters_of_a_mesh_are_in_the_plan() -> None:
    def found(pods: str) -> set[tuple[str, str]]:
        mesh = [{"name": "beta", "id": 2, "pod_cidrs": [pods], "service_cidrs": ["172.21.0.0/16"]}]
        choices = {"cilium_cluster_id": 1, "cilium_mesh": mesh, "cilium_mesh_addresses": ["192.168.1.187"]}
        meshed = replace(LAB, spec=ClusterSpec.load({"pod_cidr": "10.64.0.0/12", **choices}))
        return {(f.where, f.fix) for f in run_checks(meshed, TODAY) if f.severity == "error" and "beta" in f.reason}

    assert found("10.1.0.0/16") == set()
    ((where, fix),) = found("10.65.0.0/16")
    assert where == "pod_cidr"
    assert fix.startswith("write pod_cidr = ")
    assert {where for where, _ in found("172.20.64.0/18")} == {"service_cidr"}
