"""The hosts against what was chosen for Cilium: the links' MTU, neighbours, the kernel, images."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from kubestead.catalog import Catalog
from kubestead.errors import Finding
from kubestead.preflight.checks import run_checks
from kubestead.preflight.model import Device
from kubestead.preflight.survey import Host
from kubestead.spec import ClusterSpec
from tests.fixtures import catalog
from tests.fixtures.hosts import NODES, host, survey

TODAY = date(2025, 10, 1)
BPF = {"kube_proxy": "replace", "cilium_masquerade": "bpf"}


def linked(name: str, mtu: int | None = 1500, prefix: int = 24, **changes: Any) -> Host:
    own = next(node for node in NODES if node.name == name)
    device = Device("eth0", f"52:54:00:00:00:{own.address.packed[-1]:02x}", (f"{own.address}/{prefix}",), mtu)
    return host(name, devices=(device,), **changes)


def findings(*hosts: Host, **choices: Any) -> list[Finding]:
    spec = ClusterSpec.load(choices)
    others = [linked(node.name) for node in NODES]
    return run_checks(survey(*others, *hosts, spec=spec), TODAY)


@pytest.mark.parametrize("mtu", [0, 1400, 1500])
def test_an_mtu_every_link_carries(mtu: int) -> None:
    assert findings(cilium_mtu=mtu) == []


def test_an_mtu_above_a_link_is_refused_with_host_device_and_value() -> None:
    (finding,) = findings(linked("k8s-worker1", 1450), linked("k8s-worker2", 9000), cilium_mtu=1500)
    assert (finding.where, finding.value, finding.severity) == ("cilium_mtu", 1500, "error")
    assert finding.reason == "is larger than the MTU of k8s-worker1's eth0 1450"
    assert finding.fix.startswith("write cilium_mtu = 1450,")


def test_links_that_differ_are_told_unless_the_mtu_is_said() -> None:
    (finding,) = findings(linked("k8s-worker1", 9000))
    assert (finding.where, finding.severity) == ("cilium_mtu", "warning")
    assert "k8s-worker1's eth0 9000" in finding.reason
    assert "cilium_mtu = 1500" in finding.fix
    assert findings(linked("k8s-worker1", 9000), cilium_mtu=1500) == []


def test_an_mtu_nobody_knows_is_not_compared() -> None:
    assert findings(linked("k8s-worker1", None), cilium_mtu=1500) == []


def test_nodes_of_several_networks_are_no_neighbours() -> None:
    far = [linked(node.name, prefix=26) for node in NODES]
    (finding,) = findings(*far, cilium_routing="native")
    assert (finding.where, finding.value) == ("cilium_node_routes", True)
    assert (
        "k8s-worker1 (192.168.1.61), k8s-worker2 (192.168.1.62) are not in k8s-cp's, 192.168.1.128/26" in finding.reason
    )
    assert "directRoutingSkipUnreachable" in finding.fix
    assert findings(*far) == []
    skipping = {"cilium_extra_values": {"directRoutingSkipUnreachable": True}}
    assert findings(*far, cilium_routing="native", **skipping) == []


def test_one_network_is_neighbours() -> None:
    assert findings(cilium_routing="native") == []


@pytest.mark.parametrize(
    ("choice", "kernel", "old"),
    [
        ({"cilium_datapath": "netkit"}, "6.1.0-26-amd64", True),
        ({"cilium_datapath": "netkit"}, "6.8.0-45-generic", False),
        ({"cilium_bandwidth_manager": "bbr"}, "5.15.0-153-generic", True),
        ({"cilium_bandwidth_manager": "bbr"}, "6.1.0-26-amd64", False),
        ({"cilium_bandwidth_manager": "on"}, "5.15.0-153-generic", False),
    ],
)
def test_a_kernel_too_old_for_a_choice(choice: dict[str, str], kernel: str, old: bool) -> None:
    hosts = [linked(node.name, kernel=kernel, kernel_features={"netkit": True}) for node in NODES]
    found = findings(*hosts, **BPF, **choice)
    assert [finding.where for finding in found] == [f"{node.name}: kernel" for node in NODES] * old
    if old:
        assert next(iter(choice)) in found[0].reason


@pytest.mark.parametrize(
    ("choice", "feature"),
    [
        ({"cilium_routing": "geneve"}, "geneve"),
        ({"cilium_encryption": "wireguard"}, "wireguard"),
        ({"cilium_encryption": "ipsec"}, "esp4"),
        ({"cilium_bandwidth_manager": "on"}, "sch_fq"),
        ({"cilium_datapath": "netkit", **BPF}, "netkit"),
    ],
)
def test_a_feature_of_the_kernel_is_asked_for_where_a_choice_needs_it(choice: dict[str, str], feature: str) -> None:
    hosts = [linked(node.name, kernel="6.12.1", kernel_features={feature: False}) for node in NODES]
    assert findings(*hosts) == []
    found = findings(*hosts, **choice)
    assert [(finding.where, finding.value) for finding in found] == [
        (f"{node.name}: kernel features", feature) for node in NODES
    ]


OPTIONAL = [
    ({"cilium_envoy": True, "cilium_l7_proxy": True}, "cilium_envoy", "quay.io/cilium/cilium-envoy"),
    ({"hubble_ui": True}, "hubble_ui", "quay.io/cilium/hubble-ui, quay.io/cilium/hubble-ui-backend"),
    ({"hubble_tls": "cronJob"}, "hubble_tls", "quay.io/cilium/certgen"),
    (
        {"cilium_mutual_authentication": True, "cilium_encryption": "wireguard"}, "cilium_mutual_authentication",
        "ghcr.io/spiffe/spire-agent, ghcr.io/spiffe/spire-server, docker.io/library/busybox",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("choice", "key", "names"), OPTIONAL)
def test_a_choice_whose_image_the_catalog_lacks_is_one_finding(choice: dict[str, Any], key: str, names: str) -> None:
    content = catalog.content()
    spec = ClusterSpec.load(choice)
    assert run_checks(replace(survey(spec=spec), catalog=Catalog.model_validate(content)), TODAY) == []
    for name in names.split(", "):
        del content["images"][name]
    (finding,) = run_checks(replace(survey(spec=spec), catalog=Catalog.model_validate(content)), TODAY)
    assert finding.where == key
    assert f"needs {names}, which the catalog (test) does not have" in finding.reason
    assert "catalog/upstream.yaml" in finding.fix


@pytest.mark.parametrize(("choice", "key", "names"), OPTIONAL)
def test_upstreams_catalog_has_the_images_of_every_choice(choice: dict[str, Any], key: str, names: str) -> None:
    upstream = Catalog.load(catalog.UPSTREAM)
    assert all(upstream.image(name) for name in names.split(", "))
