"""Address arithmetic: what clashes, and proposals that never do."""

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kubestead.netplan import (
    POOL_BLOCKS,
    Route,
    check_address_plan,
    check_pool,
    propose_pool,
    propose_service_cidr,
)
from kubestead.spec import ClusterSpec

POOL, SERVICES = IPv4Network("10.0.0.0/8"), IPv4Network("172.20.0.0/16")
NODES = {
    "k8s-cp": IPv4Address("192.168.1.187"),
    "k8s-worker1": IPv4Address("192.168.1.61"),
    "k8s-worker2": IPv4Address("192.168.1.62"),
}
LAN = Route(IPv4Network("192.168.1.0/24"), "eth0")
DEFAULT = Route(IPv4Network("0.0.0.0/0"), "eth0", IPv4Address("192.168.1.1"))
networks = st.builds(
    lambda address, prefix: IPv4Network((address, prefix), strict=False),
    st.integers(0, 2**32 - 1),
    st.integers(2, 32),
)
private = st.builds(
    lambda block, offset, prefix: IPv4Network(
        (int(block.network_address) + offset % block.num_addresses, prefix), strict=False
    ),
    st.sampled_from(POOL_BLOCKS),
    st.integers(0, 2**32 - 1),
    st.integers(9, 32),
)


def plan(pool=POOL, services=SERVICES, mask=24, nodes=NODES, extra=()):
    routes = {host: [DEFAULT, LAN] for host in nodes}
    for host, route in extra:
        routes[host].append(route)
    return check_address_plan(spec(pool, services, mask), nodes, routes)


def spec(pool=POOL, services=SERVICES, mask=24):
    """Not validated: any pool and any service network."""
    return ClusterSpec.model_construct(pod_cidr=pool, pod_cidr_mask_size=mask, service_cidr=services)


def route(destination, device="eth1", gateway=None):
    return Route(IPv4Network(destination), device, gateway and IPv4Address(gateway))


def test_the_lab_fits():
    assert plan() == []


def test_a_route_inside_the_pool_is_refused_with_host_and_proposal():
    (finding,) = plan(extra=[("k8s-worker1", route("10.0.2.0/24", "enp0s3"))])
    assert finding.where == "pod_cidr"
    assert finding.value == "10.0.0.0/8"
    assert finding.reason == "meets a network in use: 10.0.2.0/24 is a live route (enp0s3) on k8s-worker1"
    assert finding.fix == "write pod_cidr = '10.128.0.0/9'"


def test_a_route_many_hosts_have_is_one_finding():
    (finding,) = plan(extra=[(host, route("10.0.2.0/24")) for host in NODES])
    assert "on k8s-cp, k8s-worker1, k8s-worker2" in finding.reason


def test_a_route_that_contains_the_pool_is_refused():
    (finding,) = plan(pool=IPv4Network("10.1.0.0/16"), extra=[("k8s-cp", route("10.0.0.0/8", "tun0"))])
    assert finding.fix == "write pod_cidr = '172.24.0.0/13'"


def test_nodes_inside_the_pool_are_refused():
    nodes = {"a": IPv4Address("10.30.0.1"), "b": IPv4Address("10.30.0.2")}
    routes = {host: [route("10.30.0.0/24", "eth0")] for host in nodes}
    findings = check_address_plan(spec(), nodes, routes)
    assert len(findings) == 3
    assert {finding.fix for finding in findings} == {"write pod_cidr = '10.128.0.0/9'"}


def test_a_route_inside_the_service_cidr_is_refused():
    (finding,) = plan(services=IPv4Network("172.17.0.0/16"), extra=[("k8s-cp", route("172.17.0.0/16", "docker0"))])
    assert finding.where == "service_cidr"
    assert finding.fix == "write service_cidr = '172.20.0.0/16'"


def test_both_proposals_hold_together():
    taken = [("k8s-cp", route("172.16.0.0/12")), ("k8s-cp", route("100.64.0.0/10"))]
    findings = plan(pool=IPv4Network("172.24.0.0/13"), extra=taken)
    assert {finding.fix for finding in findings} == {
        "write service_cidr = '10.0.0.0/16'",
        "write pod_cidr = '10.128.0.0/9'",
    }


@pytest.mark.parametrize(
    "own",
    [
        route("10.0.1.0/24", "cilium_host", "10.0.0.12"),
        route("10.0.0.12/32", "cilium_host"),
        route("10.0.0.77/32", "lxc1a2b3c"),
        # autoDirectNodeRoutes
        route("10.0.1.0/24", "eth0", "192.168.1.61"),
    ],
)
def test_what_cilium_made_itself_does_not_stop_a_second_run(own):
    assert plan(extra=[("k8s-cp", own)]) == []


def test_a_route_through_a_node_out_of_the_pool_is_foreign():
    assert plan(
        services=IPv4Network("172.17.0.0/16"), extra=[("k8s-cp", route("172.17.0.0/24", "eth0", "192.168.1.61"))]
    )


@pytest.mark.parametrize("halves", ["0.0.0.0/1", "128.0.0.0/1"])
def test_default_routes_say_nothing(halves):
    assert plan(extra=[("k8s-cp", route(halves, "tun0"))]) == []


def test_a_pool_too_small_for_the_nodes_is_refused():
    (finding,) = plan(pool=IPv4Network("10.0.0.0/23"))
    assert "holds 2 node part(s) of /24, and there are 3 node(s)" in finding.reason


def test_a_node_part_larger_than_the_pool_is_refused():
    (finding,) = check_pool(IPv4Network("10.0.0.0/25"), 24, SERVICES)
    assert finding.where == "pod_cidr"
    assert finding.reason == "holds 0 node part(s) of /24, and there are 1 node(s)"
    assert finding.fix == "write pod_cidr = '10.0.0.0/8'"


def test_a_network_that_a_device_has_as_its_own_and_by_a_router_is_told_once():
    twice = [("k8s-cp", route("10.9.0.0/16")), ("k8s-cp", route("10.9.0.0/16", gateway="192.168.1.9"))]
    (finding,) = plan(extra=twice)
    assert "10.9.0.0/16 is a live route (eth1) on k8s-cp" in finding.reason


def test_a_route_without_a_device_is_told_plainly():
    (finding,) = plan(extra=[("k8s-cp", route("10.9.0.0/16", ""))])
    assert "10.9.0.0/16 is a live route on k8s-cp" in finding.reason


@pytest.mark.parametrize(
    ("avoid", "proposal"),
    [
        ([], "10.0.0.0/8"),
        (["10.0.2.0/24", "10.96.0.0/12"], "10.128.0.0/9"),
        (["10.0.2.0/24", "10.200.0.0/16"], "10.128.0.0/10"),
        (["10.0.0.0/8"], "172.16.0.0/12"),
        (["10.0.0.0/8", "172.16.0.0/12"], "100.64.0.0/10"),
        (["10.0.0.0/8", "172.16.0.0/12", "100.64.0.0/10"], "192.168.0.0/16"),
    ],
)
def test_the_largest_free_pool_of_the_first_block_is_proposed(avoid, proposal):
    assert propose_pool(map(IPv4Network, avoid), 24, 3) == IPv4Network(proposal)


def test_nothing_free_is_none():
    assert propose_pool([IPv4Network("0.0.0.0/0")], 24, 1) is None
    assert propose_service_cidr([IPv4Network("0.0.0.0/0")]) is None
    (finding,) = plan(pool=IPv4Network("10.0.0.0/9"), extra=[("k8s-cp", route(str(block))) for block in POOL_BLOCKS])[
        :1
    ]
    assert "nothing private is free" in finding.fix


@given(st.lists(private | networks, max_size=12), st.integers(16, 28), st.integers(1, 300))
def test_a_proposal_avoids_everything_and_holds_the_nodes(avoid, mask, nodes):
    pool = propose_pool(avoid, mask, nodes)
    if pool is not None:
        assert not any(pool.overlaps(network) for network in avoid)
        assert any(pool.subnet_of(block) for block in POOL_BLOCKS)
        assert 2 ** (mask - pool.prefixlen) >= nodes


@given(st.lists(private, max_size=3), st.integers(1, 16))
def test_a_few_networks_never_leave_nothing(avoid, nodes):
    assert propose_pool(avoid, 24, nodes) is not None


@given(st.lists(private, max_size=6))
def test_no_larger_pool_was_free_in_its_block(avoid):
    pool = propose_pool(avoid, 24, 1)
    if pool is not None:
        block = next(block for block in POOL_BLOCKS if pool.subnet_of(block))
        if pool != block and pool.prefixlen <= 14:
            larger = block.subnets(new_prefix=pool.prefixlen - 1)
            assert all(any(one.overlaps(network) for network in avoid) for one in larger)


@given(st.lists(private | networks, max_size=12))
def test_a_service_proposal_avoids_everything(avoid):
    services = propose_service_cidr(avoid)
    if services is not None:
        assert services.prefixlen == 16
        assert not any(services.overlaps(network) for network in avoid)


@given(private, private, st.lists(private, max_size=4))
def test_following_the_advice_ends_the_clashes(pool, services, taken):
    """Whatever was wrong, the proposed networks pass the same check."""
    extra = [("k8s-cp", Route(network, "eth1")) for network in taken]
    advised = {"pod_cidr": pool, "service_cidr": services}
    for finding in plan(pool=pool, services=services, extra=extra):
        assume(finding.fix.startswith("write "))
        key, _, network = finding.fix.removeprefix("write ").partition(" = ")
        advised[key] = IPv4Network(network.strip("'"))
    assert plan(pool=advised["pod_cidr"], services=advised["service_cidr"], extra=extra) == []


@given(private, private)
def test_pool_against_services_is_symmetrical(one, other):
    def clash(pool, services):
        return any(finding.where == "service_cidr" for finding in check_pool(pool, 32, services))

    assert clash(one, other) == clash(other, one) == one.overlaps(other)
