"""The address plan: do pod pool, service CIDR, node addresses and live routes keep out of each other's way?

Cilium guards none of it: a pool that meets the nodes' own network costs SSH and the API (cilium #42383, #13766).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv4Network, collapse_addresses

from kubestead.errors import Finding

# Where a pool may be proposed, in order: RFC 1918's two large blocks, then RFC 6598's shared space.
POOL_BLOCKS = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "100.64.0.0/10", "192.168.0.0/16")))
# The lab's own choice first: Docker settles at the low end of 172.16/12.
SERVICE_BLOCKS = tuple(map(IPv4Network, ("172.20.0.0/16", "172.16.0.0/12", "100.64.0.0/10", "10.0.0.0/8")))
SERVICE_PREFIX = 16
CILIUM_DEVICES = ("cilium_*", "lxc*")


@dataclass(frozen=True)
class Route:
    """A line of a node's main routing table; ``device`` is empty and ``gateway`` None where it has none."""

    destination: IPv4Network
    device: str
    gateway: IPv4Address | None = None


def propose_pool(avoid: Iterable[IPv4Network], mask_size: int, nodes: int) -> IPv4Network | None:
    """The largest free network that holds ``nodes`` parts of prefix length ``mask_size``, inside 10/8 if possible.

    Returns None where nothing fits beside the networks to ``avoid``.
    """
    avoided = list(collapse_addresses(avoid))
    for block in POOL_BLOCKS:
        fitting = [free for free in _free(block, avoided) if _parts(free, mask_size) >= nodes]
        if fitting:
            # Of the largest ones the highest: home networks and hypervisors settle at the low end of 10/8.
            return max(fitting, key=lambda free: (-free.prefixlen, free.network_address))
    return None


def propose_service_cidr(avoid: Iterable[IPv4Network]) -> IPv4Network | None:
    """A free /16 for services, inside 172.16/12 if possible; None where there is none."""
    avoided = list(collapse_addresses(avoid))
    free = (part for block in SERVICE_BLOCKS for part in _free(block, avoided) if part.prefixlen <= SERVICE_PREFIX)
    largest = next(free, None)
    return largest and next(largest.subnets(new_prefix=SERVICE_PREFIX))


def check_pool(pod_cidr: IPv4Network, mask_size: int, service_cidr: IPv4Network) -> list[Finding]:
    """What can be said from the spec alone: the pool holds a node's part, and services live elsewhere."""
    return _check(pod_cidr, mask_size, service_cidr, nodes=1, in_use=())


def check_address_plan(
    pod_cidr: IPv4Network,
    mask_size: int,
    service_cidr: IPv4Network,
    node_addresses: Mapping[str, IPv4Address],
    routes: Mapping[str, Sequence[Route]],
    *,
    own_devices: Sequence[str] = CILIUM_DEVICES,
) -> list[Finding]:
    """Everything that stands in the way of pool and service CIDR on these nodes, with networks that fit.

    Args:
        pod_cidr: the pool Cilium cuts node parts from.
        mask_size: prefix length of one node's part.
        service_cidr: the cluster's service network.
        node_addresses: host name to its node address.
        routes: host name to the routes of its main table.
        own_devices: patterns of devices whose routes an already running Cilium made.
    """
    in_use = [(IPv4Network(address), f"the address of {host}") for host, address in node_addresses.items()]
    for (destination, device), hosts in foreign_routes(pod_cidr, node_addresses, routes, own_devices).items():
        in_use.append((destination, f"a live route{f' ({device})' if device else ''} on {', '.join(hosts)}"))
    return _check(pod_cidr, mask_size, service_cidr, len(node_addresses), in_use)


def _check(
    pod_cidr: IPv4Network,
    mask_size: int,
    service_cidr: IPv4Network,
    nodes: int,
    in_use: Sequence[tuple[IPv4Network, str]],
) -> list[Finding]:
    def clashes(with_network: IPv4Network) -> list[str]:
        met = [f"{network} is {what}" for network, what in in_use if network.overlaps(with_network)]
        return [f"meets a network in use: {clash}" for clash in met]

    against_pool, against_services = clashes(pod_cidr), clashes(service_cidr)
    if (parts := _parts(pod_cidr, mask_size)) < nodes:
        against_pool.insert(0, f"holds {parts} node part(s) of /{mask_size}, and there are {nodes} node(s)")
    if pod_cidr.overlaps(service_cidr):
        against_services.insert(0, f"meets the pod pool {pod_cidr}")

    # Each proposal keeps out of the way of what the other network is, and of what it is proposed to become.
    avoid = [network for network, _ in in_use]
    services = propose_service_cidr([*avoid, pod_cidr])
    pool = propose_pool(
        [*avoid, service_cidr, *([services] if services and against_services else [])], mask_size, nodes
    )
    return [_finding("pod_cidr", pod_cidr, reason, pool) for reason in against_pool] + [
        _finding("service_cidr", service_cidr, reason, services) for reason in against_services
    ]


def foreign_routes(
    pod_cidr: IPv4Network,
    node_addresses: Mapping[str, IPv4Address],
    routes: Mapping[str, Sequence[Route]],
    own_devices: Sequence[str] = CILIUM_DEVICES,
) -> dict[tuple[IPv4Network, str], list[str]]:
    """The routes Cilium did not make, by destination and device, each with the hosts that have it.

    Default routes say nothing about what is in use, nor do the two halves (0.0.0.0/1, 128.0.0.0/1) a VPN may set.
    """
    nodes = set(node_addresses.values())
    found: dict[tuple[IPv4Network, str], list[str]] = {}
    for host, table in routes.items():
        for route in table:
            made_by_cilium = any(fnmatchcase(route.device, pattern) for pattern in own_devices)
            # With autoDirectNodeRoutes Cilium routes each node's part of the pool straight to that node.
            to_a_node = route.gateway in nodes and route.destination.subnet_of(pod_cidr)
            if route.destination.prefixlen > 1 and not made_by_cilium and not to_a_node:
                hosts = found.setdefault((route.destination, route.device), [])
                if host not in hosts:
                    hosts.append(host)
    return found


def _free(block: IPv4Network, avoided: Sequence[IPv4Network]) -> list[IPv4Network]:
    free = [block]
    for network in avoided:
        free = [rest for part in free for rest in _without(part, network)]
    return sorted(free, key=lambda part: (part.prefixlen, part.network_address))


def _without(part: IPv4Network, network: IPv4Network) -> list[IPv4Network]:
    if not part.overlaps(network):
        return [part]
    return list(part.address_exclude(network)) if network.subnet_of(part) else []


def _parts(network: IPv4Network, mask_size: int) -> int:
    return 1 << (mask_size - network.prefixlen) if mask_size >= network.prefixlen else 0


def _finding(key: str, network: IPv4Network, reason: str, proposal: IPv4Network | None) -> Finding:
    fix = f"write {key} = '{proposal}'" if proposal else "nothing private is free beside all this: remove a route"
    return Finding(key, reason, fix, value=str(network))
