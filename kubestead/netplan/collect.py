"""Every use of addresses there is: those the spec wants, and those that are taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubestead.netplan.routes import CILIUM_DEVICES, Route, foreign_routes
from kubestead.netplan.uses import Address, Kind, Network, OtherCluster, Use, address_use, block_use, network_use

if TYPE_CHECKING:
    # The spec itself asks whether its pool holds a node.
    from kubestead.spec import ClusterSpec

MORE = "cilium_more_pod_cidrs"


def spec_uses(spec: ClusterSpec) -> list[Use]:
    """What the spec gives addresses to. Of two that meet the later one is to be changed."""
    mask = spec.pod_cidr_mask_size
    uses = [
        network_use(Kind.PODS, spec.pod_cidr, "the pod pool", "pod_cidr", mask),
        network_use(Kind.SERVICES, spec.service_cidr, "the service network", "service_cidr"),
    ]
    for number, cidr in enumerate(spec.cilium_more_pod_cidrs):
        uses.append(network_use(Kind.PODS, cidr, "the pod pool's further network", f"{MORE}.{number}", mask))
    for number, pool in enumerate(spec.cilium_pools):
        for place, cidr in enumerate(pool.cidrs):
            key = f"cilium_pools.{number}.cidrs.{place}"
            uses.append(network_use(Kind.PODS, cidr, f"the pool {pool.name}", key, pool.mask_size))
    for number, balanced in enumerate(spec.cilium_lb_pools):
        for place, block in enumerate(balanced.blocks):
            key = f"cilium_lb_pools.{number}.blocks.{place}"
            uses.append(block_use(block, f"the load-balancer pool {balanced.name}", key, balanced.first_and_last))
    if spec.dual:
        size = spec.pod_cidr_v6_mask_size
        uses.append(network_use(Kind.PODS, spec.pod_cidr_v6, "the IPv6 pod pool", "pod_cidr_v6", size))
        uses.append(network_use(Kind.SERVICES, spec.service_cidr_v6, "the IPv6 service network", "service_cidr_v6"))
    return uses


def fixed_uses(
    spec: ClusterSpec,
    node_addresses: Mapping[str, IPv4Address],
    routes: Mapping[str, Sequence[Route]],
    others: Sequence[OtherCluster] = (),
    own_devices: Sequence[str] = CILIUM_DEVICES,
    addresses_v6: Mapping[str, Sequence[IPv6Address]] | None = None,
) -> list[Use]:
    """What others use already: nodes, the API, routers, networks with a route, other clusters.

    The arguments are those of :func:`kubestead.netplan.check_address_plan`.
    """
    own: list[tuple[str, Address]] = [*node_addresses.items()]
    own += [(host, address) for host, addresses in (addresses_v6 or {}).items() for address in addresses]
    nodes = {address for _, address in own}
    uses = [address_use(Kind.NODE, address, f"the address of {host}") for host, address in own]
    for kind, address, what in _named_addresses(spec):
        if address not in nodes:
            uses.append(address_use(kind, address, what))
    pools: list[Network] = [*spec.pod_networks, *([spec.pod_cidr_v6] if spec.dual else [])]
    uses += _routed(foreign_routes(pools, nodes, routes, own_devices), nodes)
    for other in others:
        uses += [network_use(Kind.OTHER_PODS, cidr, f"{other.name}'s pod network") for cidr in other.pods]
        uses += [network_use(Kind.OTHER_SERVICES, cidr, f"{other.name}'s service network") for cidr in other.services]
    return uses


def _named_addresses(spec: ClusterSpec) -> Iterator[tuple[Kind, Address, str]]:
    """Addresses of machines that the spec itself names."""
    hosts = {"control_plane_endpoint": spec.endpoint_host}
    for number, url in enumerate(spec.cilium_api_servers):
        hosts[f"cilium_api_servers.{number}"] = urlsplit(url).hostname or ""
    for key, host in hosts.items():
        try:
            address = ip_address(host)
        except ValueError:
            continue
        yield Kind.API, address, f"the address of the API ({key})"
    for number, instance in enumerate(spec.cilium_bgp):
        for place, peer in enumerate(instance.peers):
            yield Kind.ROUTER, peer.address, f"the router {peer.name} (cilium_bgp.{number}.peers.{place})"


def _routed(foreign: Mapping[Route, Sequence[str]], nodes: set[Address]) -> Iterator[Use]:
    """Routers and networks of the nodes' routes; what several hosts have is one use."""
    routers: dict[Address, dict[str, None]] = {}
    networks: dict[tuple[Network, str], dict[str, None]] = {}
    kinds: dict[tuple[Network, str], set[Kind]] = {}
    for route, hosts in foreign.items():
        named = dict.fromkeys(hosts)
        if route.gateway and route.gateway not in nodes:
            routers.setdefault(route.gateway, {}).update(named)
        if not route.says_nothing:
            where = (route.destination, route.device)
            kinds.setdefault(where, set()).add(_kind(route))
            networks.setdefault(where, {}).update(named)
    for router, having in routers.items():
        yield address_use(Kind.ROUTER, router, f"a router of {', '.join(having)}")
    for (destination, device), having in networks.items():
        what = f"a live route{f' ({device})' if device else ''} on {', '.join(having)}"
        # One device may have a network both as its own and by a router.
        kind = next(kind for kind in (Kind.INNER, Kind.LINK, Kind.ROUTE) if kind in kinds[destination, device])
        yield network_use(kind, destination, what)


def _kind(route: Route) -> Kind:
    return Kind.INNER if route.is_inner else Kind.LINK if route.is_link else Kind.ROUTE
