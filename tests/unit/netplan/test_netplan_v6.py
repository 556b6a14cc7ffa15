"""The IPv6 part of the plan against brute force: a space of 256 addresses, every one of them looked at."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kubestead.netplan import OtherCluster, Route, check_address_plan
from kubestead.netplan.propose import propose_v6
from kubestead.spec import ClusterSpec
from tests.unit.netplan.tiny import as_written

SPACE = IPv6Network("fd00:9::/120")
MASK = 124
PODS, SERVICES = "pod_cidr_v6", "service_cidr_v6"
DEVICES = ("eth0", "docker0", "cilium_host", "lxc12ab", "")
LINK_LOCAL = IPv6Address("fe80::1")


def network(low: int = 120, high: int = 128) -> st.SearchStrategy[IPv6Network]:
    return st.builds(
        lambda offset, prefix: IPv6Network((int(SPACE[0]) + offset, prefix), strict=False),
        st.integers(0, 255),
        st.integers(low, high),
    )


addresses = st.integers(0, 255).map(SPACE.__getitem__)


@dataclass(frozen=True)
class Plan:
    """What is written, and what is taken."""

    data: dict[str, object]
    own: dict[str, list[IPv6Address]]
    routes: dict[str, list[Route]]
    others: tuple[OtherCluster, ...]

    @property
    def spec(self) -> ClusterSpec:
        return as_written(self.data)

    def found(self, **changes: object) -> list[tuple[str, str, str]]:
        """Key, reason and fix of every error about IPv6."""
        nodes = {name: IPv4Address("192.168.1.61") + number for number, name in enumerate(self.own)}
        spec = as_written({**self.data, **changes})
        told = check_address_plan(spec, nodes, self.routes, others=self.others, addresses_v6=self.own)
        return [(one.where, one.reason, one.fix) for one in told if one.where.endswith("_v6")]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    own = {
        f"n{number}": draw(st.lists(addresses, max_size=2, unique=True)) for number in range(draw(st.integers(1, 5)))
    }
    nodes = [address for held in own.values() for address in held]
    gateways = st.none() | st.just(LINK_LOCAL) | addresses | (st.sampled_from(nodes) if nodes else st.none())
    default = st.sampled_from([IPv6Network("::/0"), IPv6Network("2000::/3")])
    route = st.builds(Route, network() | default, st.sampled_from(DEVICES), gateways)
    routes = {host: draw(st.lists(route, max_size=3)) for host in list(own)[:2]}
    nets = st.lists(network(), max_size=1).map(tuple)
    others = draw(st.lists(st.builds(OtherCluster, st.just("east"), nets, nets), max_size=1))
    data = {
        "ip_families": "dual", PODS: str(draw(network(120, MASK))), "pod_cidr_v6_mask_size": MASK,
        SERVICES: str(draw(network(120, 124))),
    }  # fmt: skip
    return Plan(data, own, routes, tuple(others))


def members(text: object) -> set[int]:
    return {int(address) for address in IPv6Network(str(text))}


def taken(plan: Plan) -> dict[tuple[str, str], set[int]]:
    """Kind and name to addresses, one by one, of what is not the spec's to give."""
    nodes = {address for held in plan.own.values() for address in held}
    found = {}
    for host, held in plan.own.items():
        for address in held:
            found["node", f"{address}/128 is the address of {host}"] = {int(address)}
    for route in (route for table in plan.routes.values() for route in table):
        there = members(route.destination) if route.destination.prefixlen >= 120 else set()
        inside = bool(there) and there <= members(plan.data[PODS])
        if (route.gateway in nodes and inside) or route.device.startswith(("cilium_", "lxc")):
            continue
        if route.gateway and route.gateway not in nodes:
            found["machine", f"{route.gateway}/128 is a router of"] = {int(route.gateway)}
        if there:
            device = f" ({route.device})" if route.device else ""
            found["network", f"{route.destination} is a live route{device} on"] = there
    for other in plan.others:
        for cidr in other.pods:
            found["their pods", f"{cidr} is {other.name}'s pod network"] = members(cidr)
        for cidr in other.services:
            found["their services", f"{cidr} is {other.name}'s service network"] = members(cidr)
    return found


def clashes(plan: Plan, pods: object = None, services: object = None) -> Counter[tuple[str, str]]:
    written = {PODS: pods or plan.data[PODS], SERVICES: services or plan.data[SERVICES]}
    found: Counter[tuple[str, str]] = Counter()
    if members(written[PODS]) & members(written[SERVICES]):
        found[SERVICES, f"the IPv6 pod pool {written[PODS]} ({PODS})"] += 1
    for key, text in written.items():
        for (kind, name), there in taken(plan).items():
            if members(text) & there and (key, kind) != (SERVICES, "their services"):
                found[key, name] += 1
    return found


# A name ends before the hosts that have it.
NAME = re.compile(r"meets (?:a network in use: )?(?P<name>.*? is a router of|.*? is a live route(?: \(\S*\))? on|.*)")


def told(found: list[tuple[str, str, str]]) -> Counter[tuple[str, str]]:
    return Counter((where, match["name"]) for where, reason, _ in found if (match := NAME.match(reason)))


@settings(max_examples=300)
@given(plans())
def test_every_overlap_is_told_once_and_nothing_else(plan: Plan) -> None:
    assert told(plan.found()) == clashes(plan)


@given(plans())
def test_a_pool_too_small_says_so(plan: Plan) -> None:
    parts = len(members(plan.data[PODS])) // 2 ** (128 - MASK)
    said = [reason for where, reason, _ in plan.found() if where == PODS and "node part" in reason]
    assert bool(said) == (parts < len(plan.own))


@settings(max_examples=150)
@given(plans())
def test_the_advice_taken_leaves_nothing_to_say_of_it(plan: Plan) -> None:
    advice = {where: match[1] for where, _, fix in plan.found() if (match := re.match(r"write \w+ = '([^']+)'", fix))}
    assume(advice)
    after = plan.found(**advice)
    assert not [one for one in after if one[0] in advice]


@given(st.lists(network(121, 128), max_size=8), st.integers(120, 128))
def test_what_is_proposed_is_free_and_the_lowest(avoid: list[IPv6Network], prefix: int) -> None:
    used = {address for one in avoid for address in members(one)}
    free = [one for one in SPACE.subnets(new_prefix=prefix) if used.isdisjoint(members(one))]
    assert propose_v6(avoid, prefix, SPACE) == (free[0] if free else None)


def test_families_do_not_meet() -> None:
    """An IPv4 plan is the same with IPv6 beside it, and the other way round."""
    nodes = {"n0": IPv4Address("192.168.1.61")}
    lan = Route(IPv4Network("192.168.1.0/24"), "eth0")
    six = Route(IPv6Network("fd00:10:1::/64"), "eth0")
    four = ClusterSpec.load({})
    assert check_address_plan(four, nodes, {"n0": [lan, six]}) == []
    dual = ClusterSpec.load({"ip_families": "dual", "pod_cidr_v6": "fd00:10::/32", "pod_cidr_v6_mask_size": 48})
    (one,) = check_address_plan(dual, nodes, {"n0": [lan, six]})
    assert (one.where, one.reason) == (
        "pod_cidr_v6",
        "meets a network in use: fd00:10:1::/64 is a live route (eth0) on n0",
    )
    assert one.fix == "write pod_cidr_v6 = 'fd00::/32'"


@pytest.mark.parametrize(
    ("address", "words"),
    [("fd00:10::7", "pod_cidr_v6"), ("fd00:96::7", "service_cidr_v6"), ("fd00:1::7", None)],
)
def test_a_nodes_own_address(address: str, words: str | None) -> None:
    spec = ClusterSpec.load({"ip_families": "dual"})
    own = {"n0": [IPv6Address(address)]}
    found = check_address_plan(spec, {"n0": IPv4Address("192.168.1.61")}, {}, addresses_v6=own)
    assert [one.where for one in found] == ([words] if words else [])
