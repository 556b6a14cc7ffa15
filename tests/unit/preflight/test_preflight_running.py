"""What preflight lets pass, with a warning, in a cluster that runs already, and refuses for one that is to be built."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from ipaddress import IPv4Address, IPv4Network

import pytest

from kubestead.errors import Finding
from kubestead.netplan import Route
from kubestead.preflight.checks import run_checks
from kubestead.preflight.model import ClusterFiles
from kubestead.preflight.survey import Host
from kubestead.spec import ClusterSpec
from tests.fixtures.hosts import host, survey

TODAY = date(2025, 10, 1)
PLAIN = ClusterSpec.load({"service_cidr": "10.96.0.0/12", "control_plane_endpoint": "192.168.1.187:6443"})
SERVER = "https://192.168.1.187:6443"
CONTROL_PLANE = ClusterFiles(True, True, False, True, True, True, True, SERVER, "a" * 64)
WORKER = ClusterFiles(False, True, False, False, True, False, True, SERVER, "a" * 64)
POD_ROUTE = Route(IPv4Network("10.0.2.0/24"), "eth1")


def members(*changed: Host) -> tuple[Host, ...]:
    hosts = {
        "k8s-cp": host("k8s-cp", spec=PLAIN, files=CONTROL_PLANE),
        "k8s-worker1": host("k8s-worker1", spec=PLAIN, files=WORKER),
        "k8s-worker2": host("k8s-worker2", spec=PLAIN, files=WORKER),
    }
    return tuple({**hosts, **{one.name: one for one in changed}}.values())


def run(*hosts: Host) -> list[Finding]:
    return [f for f in run_checks(survey(*hosts, spec=PLAIN), TODAY) if "cidr" in f.where or "endpoint" in f.where]


def with_route(name: str, files: ClusterFiles | None = None) -> Host:
    one = host(name, spec=PLAIN, **({"files": files} if files else {}))
    return replace(one, info=replace(one.info, routes=(*(one.info.routes or ()), POD_ROUTE)))


def test_a_new_cluster_may_have_neither() -> None:
    assert {(f.where, f.severity) for f in run()} == {("control_plane_endpoint", "error"), ("service_cidr", "error")}
    (endpoint,) = [f for f in run() if f.where == "control_plane_endpoint"]
    assert endpoint.value == "192.168.1.187:6443"
    assert "'k8s-api:6443'" in endpoint.fix


def test_a_running_cluster_keeps_both_and_is_told_of_the_overlap() -> None:
    (finding,) = run(*members())
    assert (finding.where, finding.severity) == ("service_cidr", "warning")
    assert finding.reason == "meets the pod pool 10.0.0.0/8 (pod_cidr)"
    assert finding.fix == "the cluster runs with it, and it cannot be changed in place"


def test_a_wiped_control_plane_is_a_new_cluster() -> None:
    assert "control_plane_endpoint" in {f.where for f in run(host("k8s-cp", spec=PLAIN))}


def test_an_interrupted_first_start_is_a_new_cluster() -> None:
    half = replace(CONTROL_PLANE, interrupted="init")
    assert {f.severity for f in run(host("k8s-cp", spec=PLAIN, files=half))} == {"error"}


def test_without_its_control_plane_a_run_builds_nothing_so_the_endpoint_is_not_judged() -> None:
    lab = survey(spec=PLAIN)
    workers = replace(lab, hosts=lab.hosts[1:])
    assert "control_plane_endpoint" not in {f.where for f in run_checks(workers, TODAY)}


def test_a_route_of_a_member_is_told_and_one_of_a_newcomer_is_refused() -> None:
    told = run(*members(with_route("k8s-worker2", WORKER)))
    assert {f.severity for f in told} == {"warning"}
    assert any("10.0.2.0/24 is a live route (eth1) on k8s-worker2" in f.reason for f in told)

    refused = [f for f in run(*members(with_route("k8s-worker2"))) if f.severity == "error"]
    assert [f.where for f in refused] == ["pod_cidr"]
    assert "leave the host out" in refused[0].fix


@pytest.mark.parametrize("files", [CONTROL_PLANE])
def test_the_lab_as_it_should_be_says_nothing(files: ClusterFiles) -> None:
    lab = survey(*(host(name, files=replace(f, kubelet_server="https://k8s-api:6443"))
                   for name, f in (("k8s-cp", files), ("k8s-worker1", WORKER))))  # fmt: skip
    assert run_checks(lab, TODAY) == []


GROWN = ClusterSpec.load({"cilium_more_pod_cidrs": ["100.64.0.0/16"]})
IN_THE_WAY = Route(IPv4Network("100.64.3.0/24"), "eth1")


def grown(running_pods: frozenset[IPv4Network] | None, **worker: ClusterFiles) -> list[Finding]:
    one = host("k8s-worker1", spec=GROWN, **worker)
    one = replace(one, info=replace(one.info, routes=(*(one.info.routes or ()), IN_THE_WAY)))
    lab = survey(host("k8s-cp", files=replace(CONTROL_PLANE, kubelet_server="https://k8s-api:6443")), one, spec=GROWN)
    return [f for f in run_checks(replace(lab, running_pods=running_pods), TODAY) if "cidr" in f.where]


def test_a_network_to_be_appended_may_meet_nothing() -> None:
    (finding,) = grown(
        frozenset({IPv4Network("10.0.0.0/8")}), files=replace(WORKER, kubelet_server="https://k8s-api:6443")
    )
    assert (finding.where, finding.severity) == ("cilium_more_pod_cidrs.0", "error")
    assert finding.value == "100.64.0.0/16"
    assert "100.64.3.0/24 is a live route (eth1) on k8s-worker1" in finding.reason
    assert finding.fix == "write '172.24.0.0/13' there"


@pytest.mark.parametrize(
    "running", [frozenset({IPv4Network("10.0.0.0/8"), IPv4Network("100.64.0.0/16")}), None]
)  # None: this run did not ask the control plane, so it appends nothing either.
def test_one_that_was_appended_before_is_only_told(running: frozenset[IPv4Network] | None) -> None:
    (finding,) = grown(running, files=replace(WORKER, kubelet_server="https://k8s-api:6443"))
    assert (finding.where, finding.severity) == ("cilium_more_pod_cidrs.0", "warning")


def test_a_newcomer_with_a_network_of_the_pool_is_refused() -> None:
    (finding,) = grown(frozenset({IPv4Network("10.0.0.0/8"), IPv4Network("100.64.0.0/16")}))
    assert (finding.where, finding.severity) == ("cilium_more_pod_cidrs.0", "error")
    assert "leave the host out" in finding.fix


def test_a_newcomer_whose_own_address_is_in_the_pool_is_refused() -> None:
    inside = host("k8s-worker2")
    inside = replace(inside, node=replace(inside.node, address=IPv4Address("10.3.0.2")))
    plain = ClusterSpec()
    lab = survey(
        host("k8s-cp", files=replace(CONTROL_PLANE, kubelet_server="https://k8s-api:6443")), inside, spec=plain
    )
    lab = replace(lab, nodes=(*lab.nodes[:2], inside.node))
    (finding,) = [f for f in run_checks(lab, TODAY) if "cidr" in f.where]
    assert (finding.where, finding.severity) == ("pod_cidr", "error")
    assert "10.3.0.2/32 is the address of k8s-worker2" in finding.reason


def test_a_running_pool_that_is_too_small_is_to_grow() -> None:
    small = ClusterSpec.load({"pod_cidr": "10.0.0.0/23"})
    lab = survey(host("k8s-cp", files=replace(CONTROL_PLANE, kubelet_server="https://k8s-api:6443")), spec=small)
    (finding,) = [f for f in run_checks(lab, TODAY) if "cidr" in f.where and f.severity == "error"]
    assert finding.where == "cilium_more_pod_cidrs"
    assert finding.reason == "the pool holds 2 node part(s) of /24, and there are 3 node(s)"
    assert finding.fix == "write cilium_more_pod_cidrs = ['10.128.0.0/9']"
