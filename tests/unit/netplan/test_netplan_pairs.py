"""The table of pairs: every pair that can occur has a row, and docs/addresses.md shows them all."""

from ipaddress import IPv4Address, IPv4Network
from itertools import combinations_with_replacement
from pathlib import Path

import pytest

from kubestead.netplan import OtherCluster, Route, check_address_plan
from kubestead.netplan.change import SEE_PARTS
from kubestead.netplan.pairs import PAIRS, pair_of
from kubestead.netplan.uses import Kind
from kubestead.spec import ClusterSpec

DOCUMENT = (Path(__file__).parents[3] / "docs" / "addresses.md").read_text()
OURS = {Kind.PODS, Kind.SERVICES, Kind.BALANCED}
NODES = {"k8s-cp": IPv4Address("192.168.1.187"), "k8s-worker1": IPv4Address("192.168.1.61")}
LAN = Route(IPv4Network("192.168.1.0/24"), "eth0")
DEFAULT = Route(IPv4Network("0.0.0.0/0"), "eth0", IPv4Address("192.168.1.1"))
ARP = [{"name": "lan"}]
PEERS = [{"name": "lab", "asn": 1, "peers": [{"name": "tor", "address": "192.168.1.9", "asn": 2}]}]


def test_every_pair_with_one_of_the_specs_has_a_row_and_no_other():
    one_of_ours = {
        frozenset(pair) for pair in combinations_with_replacement(Kind, 2)
        if OURS.intersection(pair) and pair != (Kind.SERVICES, Kind.SERVICES)
    }  # fmt: skip
    assert {frozenset((pair.one, pair.other)) for pair in PAIRS} == one_of_ours
    assert len(PAIRS) == len(one_of_ours)
    assert pair_of(Kind.NODE, Kind.LINK) is None


def test_the_page_shows_the_table():
    rows = [f"| {pair.one.value} | {pair.other.value} | {pair.may} | {pair.why} |" for pair in PAIRS]
    table = DOCUMENT.partition("|---|---|---|---|\n")[2].partition("\n\n")[0]
    assert table.splitlines() == rows
    assert SEE_PARTS in DOCUMENT


def findings(*blocks, routes=(LAN, DEFAULT), others=(), **data):
    pool = {"name": "lan", "blocks": list(blocks), "first_and_last": data.pop("first_and_last", False)}
    spec = ClusterSpec.load({"kube_proxy": "replace", "cilium_lb_pools": [pool] if blocks else [],
                             "cilium_l2_announcements": ARP, **data})  # fmt: skip
    return check_address_plan(spec, NODES, {host: list(routes) for host in NODES}, others=others)


def test_a_block_on_the_nodes_link_is_well():
    assert findings("192.168.1.240/28", "192.168.1.200-192.168.1.209", "192.168.1.211") == []


def test_a_block_over_a_node_is_told_with_one_beside_it():
    (finding,) = findings("192.168.1.176/28")
    assert (finding.where, finding.value) == ("cilium_lb_pools.0.blocks.0", "192.168.1.176/28")
    assert finding.reason == "meets a network in use: 192.168.1.187/32 is the address of k8s-cp"
    assert finding.fix == "write '192.168.1.224/28' there, if no other machine has addresses in it"


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("192.168.1.1", "meets a network in use: 192.168.1.1/32 is a router of k8s-cp, k8s-worker1"),
        ("192.168.1.250-192.168.1.255", "gives out the first or last address of a network in use: 192.168.1.0/24"),
        ("192.168.1.250-192.168.2.9", "lies partly in a network in use: 192.168.1.0/24 is a live route (eth0)"),
        ("192.168.1.5-192.168.1.9", "meets a network in use: 192.168.1.5/32 is the address of the API (control_plane"),
        ("172.20.1.0/24", "meets the service network 172.20.0.0/16 (service_cidr)"),
        ("10.3.0.0/24", "meets the pod pool 10.0.0.0/8 (pod_cidr)"),
    ],
)
def test_what_a_block_may_not_hold(block, words):
    found = findings(block, control_plane_endpoint="192.168.1.5:6443")
    assert any(finding.reason.startswith(words) and finding.severity == "error" for finding in found)


def test_the_broadcast_address_is_not_given_out_unless_asked_for():
    assert findings("192.168.1.240/28") == []
    (finding,) = findings("192.168.1.240/28", first_and_last=True)
    assert "gives out the first or last address" in finding.reason


def test_two_blocks_that_meet_are_told_at_the_later_one():
    (finding,) = findings("192.168.1.224/28", "192.168.1.230")
    assert finding.where == "cilium_lb_pools.0.blocks.1"
    assert finding.reason == "meets the load-balancer pool lan 192.168.1.224/28 (cilium_lb_pools.0.blocks.0)"


def test_a_block_nobody_asks_for_is_a_warning_with_one_on_the_link():
    (finding,) = findings("203.0.113.0/28")
    assert finding.severity == "warning"
    assert "nobody asks there" in finding.reason
    assert finding.fix.startswith("write '192.168.1.224/28' there")


def test_routers_may_be_told_of_any_block():
    assert findings("203.0.113.0/28", cilium_bgp=PEERS) == []
    (finding,) = findings("192.168.1.8/30", cilium_bgp=PEERS)
    assert "192.168.1.9/32 is the router tor (cilium_bgp.0.peers.0)" in finding.reason


@pytest.mark.parametrize(
    ("destination", "words"),
    [
        ("10.64.0.0/10", None),
        ("203.0.0.0/16", None),
        ("203.0.113.0/28", "is the whole of"),
        ("203.0.113.8/30", "reaches"),
    ],
)
def test_a_wider_route_is_no_hindrance_to_a_block(destination, words):
    route = Route(IPv4Network(destination), "eth0", IPv4Address("192.168.1.2"))
    found = findings("203.0.113.0/28", routes=(LAN, DEFAULT, route), cilium_bgp=PEERS, pod_cidr="172.24.0.0/13")
    assert [finding.reason.partition(" a network")[0].split(" beyond")[0] for finding in found] == [words] * bool(words)


def test_a_network_inside_a_node_is_no_link():
    docker = Route(IPv4Network("172.17.0.0/16"), "docker0")
    (finding,) = findings("172.17.3.0/28", routes=(LAN, DEFAULT, docker))
    assert finding.reason.startswith("meets a network in use: 172.17.0.0/16 is a live route (docker0)")
    assert finding.fix.startswith("write '192.168.1.224/28' there")


def test_another_clusters_networks():
    east = OtherCluster("east", pods=(IPv4Network("10.1.0.0/16"),), services=(IPv4Network("172.20.0.0/16"),))
    (finding,) = findings(others=[east])
    assert finding.where == "pod_cidr"
    assert finding.reason == "meets a network in use: 10.1.0.0/16 is east's pod network"
    assert finding.fix == "write pod_cidr = '10.128.0.0/9'"


def test_appended_networks_and_further_pools_keep_clear_of_the_pool():
    found = findings(
        pod_cidr="10.128.0.0/9", cilium_more_pod_cidrs=["10.200.0.0/16"], cilium_ipam="multi-pool",
        cilium_masquerade="bpf", cilium_pools=[{"name": "green", "cidrs": ["10.128.0.0/24"], "mask_size": 27}],
    )  # fmt: skip
    assert [(finding.where, finding.reason) for finding in found] == [
        ("cilium_more_pod_cidrs.0", "meets the pod pool 10.128.0.0/9 (pod_cidr)"),
        ("cilium_pools.0.cidrs.0", "meets the pod pool 10.128.0.0/9 (pod_cidr)"),
    ]
    assert [finding.fix for finding in found] == ["write '10.0.0.0/10' there", "write '10.127.255.0/24' there"]


def test_an_address_for_the_api_in_the_pool():
    (finding,) = findings(control_plane_endpoint="10.3.0.1:6443")
    assert finding.reason.endswith("10.3.0.1/32 is the address of the API (control_plane_endpoint)")
    (other,) = findings(cilium_api_servers=["https://10.3.0.2:6443", "https://192.168.1.187:6443"])
    assert other.reason.endswith("10.3.0.2/32 is the address of the API (cilium_api_servers.0)")


def test_a_network_of_two_addresses_gives_out_both():
    (finding,) = findings("192.168.1.186/31")
    assert finding.reason.endswith("192.168.1.187/32 is the address of k8s-cp")
