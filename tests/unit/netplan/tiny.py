"""A plan in a space of 256 addresses, where everything can be counted one by one; and what is true of it, so counted.

Nothing here uses the code under test but the spec's own model and the plain data given to it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatch
from ipaddress import IPv4Address, IPv4Network

from hypothesis import strategies as st

from kubestead.netplan import OtherCluster, Route
from kubestead.spec import ClusterSpec
from kubestead.spec.loading import CLUSTER_KEYS

SPACE = IPv4Network("10.9.0.0/24")
MASK = 28
DEVICES = ("eth0", "eth1", "docker0", "cilium_host", "lxc12ab", "")


def network(low=24, high=32):
    return st.builds(
        lambda offset, prefix: IPv4Network((int(SPACE[0]) + offset, prefix), strict=False),
        st.integers(0, 255),
        st.integers(low, high),
    )


addresses = st.integers(0, 255).map(SPACE.__getitem__)
ranges = st.builds(lambda one, other: f"{min(one, other)}-{max(one, other)}", addresses, addresses)
blocks = network().map(str) | addresses.map(str) | ranges


def as_written(data: dict) -> ClusterSpec:
    """The spec, though its choices may contradict each other."""
    return ClusterSpec.model_validate(data, context={"unsure": CLUSTER_KEYS})


@dataclass(frozen=True)
class Tiny:
    """A spec's data, and what is taken."""

    data: dict
    nodes: dict[str, IPv4Address]
    routes: dict[str, list[Route]]
    others: tuple[OtherCluster, ...] = ()

    @property
    def spec(self) -> ClusterSpec:
        return as_written(self.data)


@st.composite
def plans(draw):
    nodes = {f"n{number}": draw(addresses) for number in range(draw(st.integers(1, 3)))}
    gateways = st.none() | addresses | st.sampled_from(list(nodes.values()))
    route = st.builds(Route, network() | st.just(IPv4Network("0.0.0.0/0")), st.sampled_from(DEVICES), gateways)
    pools = st.lists(st.lists(network(26, 32), min_size=1, max_size=2), max_size=2)
    data = {
        "pod_cidr": str(draw(network(24, MASK))),
        "pod_cidr_mask_size": MASK,
        "service_cidr": str(draw(network(24, 28))),
        "cilium_more_pod_cidrs": [str(cidr) for cidr in draw(st.lists(network(24, MASK), max_size=2))],
        "cilium_pools": [
            {"name": f"pool{number}", "cidrs": [str(cidr) for cidr in cidrs], "mask_size": 32}
            for number, cidrs in enumerate(draw(pools))
        ],
        "cilium_lb_pools": [
            {"name": f"lan{number}", "blocks": blocks, "first_and_last": draw(st.booleans())}
            for number, blocks in enumerate(draw(st.lists(st.lists(blocks, min_size=1, max_size=2), max_size=2)))
        ],
        "control_plane_endpoint": draw(st.just("k8s-api:6443") | addresses.map("{}:6443".format)),
    }  # fmt: skip
    if draw(st.booleans()):
        peers = [{"name": "tor", "address": str(draw(addresses)), "asn": 2}]
        data["cilium_bgp"] = [{"name": "lab", "asn": 1, "peers": peers}]
    routes = {host: draw(st.lists(route, max_size=3)) for host in list(nodes)[:2]}
    nets = st.lists(network(), max_size=1).map(tuple)
    others = draw(st.lists(st.builds(OtherCluster, st.just("east"), nets, nets), max_size=1))
    return Tiny(data, nodes, routes, tuple(others))


def members(text: str) -> set[int]:
    """The addresses of a network, a range or an address, one by one."""
    if "/" in text:
        return {int(address) for address in IPv4Network(text)}
    first, _, last = text.partition("-")
    return set(range(int(IPv4Address(first)), int(IPv4Address(last or first)) + 1))


@dataclass(frozen=True)
class Own:
    """What a key of the spec has: all its addresses, and those it gives out."""

    key: str
    kind: str
    text: str
    whole: frozenset[int]
    given: frozenset[int]


def written(data: dict) -> dict[str, str]:
    """Every network of the spec's by its key, in the spec's order."""
    found = {"pod_cidr": data["pod_cidr"], "service_cidr": data["service_cidr"]}
    for number, text in enumerate(data["cilium_more_pod_cidrs"]):
        found[f"cilium_more_pod_cidrs.{number}"] = text
    for key, inner in (("cilium_pools", "cidrs"), ("cilium_lb_pools", "blocks")):
        for number, pool in enumerate(data[key]):
            for place, text in enumerate(pool[inner]):
                found[f"{key}.{number}.{inner}.{place}"] = text
    return found


def owned(data: dict) -> list[Own]:
    kinds = {"service_cidr": "services", "cilium_lb_pools": "balanced"}
    found = []
    for key, text in written(data).items():
        name, _, rest = key.partition(".")
        whole = members(text)
        spares = name == "cilium_lb_pools" and not data[name][int(rest[0])]["first_and_last"]
        ends = {min(whole), max(whole)} if spares and "/" in text and len(whole) > 2 else set()
        found.append(Own(key, kinds.get(name, "pods"), text, frozenset(whole), frozenset(whole - ends)))
    return found


def taken(plan: Tiny) -> dict[tuple[str, str], set[int]]:
    """Kind and name to addresses, of all that is not the spec's to give."""
    nodes, found = set(plan.nodes.values()), {}
    for host, address in plan.nodes.items():
        found["node", f"{address}/32 is the address of {host}"] = {int(address)}
    host, _, _ = plan.data["control_plane_endpoint"].partition(":")
    if host != "k8s-api" and IPv4Address(host) not in nodes:
        found["machine", f"{host}/32 is the address of the API"] = members(host)
    for instance in plan.data.get("cilium_bgp", ()):
        for peer in instance["peers"]:
            if IPv4Address(peer["address"]) not in nodes:
                found["machine", f"{peer['address']}/32 is the router {peer['name']}"] = members(peer["address"])
    pods = [one.whole for one in owned(plan.data) if one.kind == "pods"]
    for route in (route for table in plan.routes.values() for route in table):
        there = members(str(route.destination)) if route.destination.prefixlen > 1 else set()
        to_a_node = route.gateway in nodes and there and any(there <= pool for pool in pods)
        if to_a_node or fnmatch(route.device, "cilium_*") or fnmatch(route.device, "lxc*"):
            continue
        if route.gateway and route.gateway not in nodes:
            found["machine", f"{route.gateway}/32 is a router of"] = {int(route.gateway)}
        if there:
            link = "inner" if route.device == "docker0" else "link"
            kind = link if route.device and not route.gateway else "route"
            device = f" ({route.device})" if route.device else ""
            found[kind, f"{route.destination} is a live route{device} on"] = there
    for other in plan.others:
        for cidr in other.pods:
            found["their pods", f"{cidr} is {other.name}'s pod network"] = members(str(cidr))
        for cidr in other.services:
            found["their services", f"{cidr} is {other.name}'s service network"] = members(str(cidr))
    # What a device has as its own and by a router, too, is its own.
    own = {name for kind, name in found if kind in ("inner", "link")}
    return {(kind, name): there for (kind, name), there in found.items() if kind != "route" or name not in own}


def wrong(own: Own, kind: str, there: set[int]) -> bool:
    """Whether this key of the spec may not have the addresses it has."""
    if not own.given & there:
        return False
    if own.kind == "services" and kind == "their services":
        return False
    if own.kind == "balanced" and kind == "link":
        ends = {min(there), max(there)} if len(there) > 2 else set()
        return not own.whole <= there or bool(own.given & ends)
    if own.kind == "balanced" and kind == "route":
        return not own.whole < there
    return True


def clashes(plan: Tiny) -> Counter[tuple[str, str]]:
    """Key and name of the other, for every pair that meets and may not."""
    mine, found = owned(plan.data), Counter()
    for place, own in enumerate(mine):
        for other in mine[:place]:
            both = own.kind == other.kind == "balanced"
            if own.whole & other.whole if both else own.given & other.given:
                found[own.key, f"{other.text} ({other.key})"] += 1
        for (kind, name), there in taken(plan).items():
            if wrong(own, kind, there):
                found[own.key, name] += 1
    return found
