"""What to write in place of a network that cannot stay: proposals keep clear of everything, other proposals too."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from ipaddress import IPv4Network, IPv6Network

from kubestead.netplan.pairs import clash, pair_of
from kubestead.netplan.propose import (
    POOL_BLOCKS,
    SERVICE_BLOCKS,
    propose_block,
    propose_pool,
    propose_service_cidr,
    propose_v6,
)
from kubestead.netplan.uses import Kind, Network, Use, network_use

# The small ones first: a pool takes the largest free network there is, and further ones what it leaves.
_ORDER = (
    "cilium_lb_pools", "cilium_pools", "service_cidr", "pod_cidr", "cilium_more_pod_cidrs", "service_cidr_v6",
    "pod_cidr_v6",
)  # fmt: skip
_ROUTED = (Kind.LINK, Kind.ROUTE)


def proposals(
    ours: Sequence[Use], fixed: Sequence[Use], refused: Collection[str], nodes: int, *, by_arp: bool, by_bgp: bool
) -> dict[str, Network]:
    """A network for each refused key, where one is left; whichever of them are followed, they go together.

    Args:
        ours: the spec's uses.
        fixed: everybody else's.
        refused: the keys that need another network.
        nodes: how many parts ``pod_cidr`` has to hold.
        by_arp: load-balancer addresses are announced on the nodes' own links, so they must lie there.
        by_bgp: they are told to routers, so they may lie anywhere.
    """
    made: dict[str, Network] = {}
    placed: list[Use] = []
    for use in sorted((use for use in ours if use.key in refused), key=lambda use: _ORDER.index(_name(use.key))):
        others = [*fixed, *placed, *(other for other in ours if other.key != use.key)]
        around = [other for other in others if other.version == use.version]
        network: Network | None = (
            _another(use, around, nodes, by_arp=by_arp, by_bgp=by_bgp) if use.networks else _v6(use, around, nodes)
        )
        if network:
            made[use.key] = network
            placed.append(network_use(use.kind, network, use.what, use.key))
    return made


def _another(use: Use, around: Sequence[Use], nodes: int, *, by_arp: bool, by_bgp: bool) -> IPv4Network | None:
    if use.kind is Kind.BALANCED:
        return _block(use, around, by_arp=by_arp, by_bgp=by_bgp)
    avoid = [network for other in around if _apart(use, other) for network in other.networks]
    if use.key == "service_cidr":
        return propose_service_cidr(avoid)
    if use.key.startswith("cilium_pools"):
        return _first_block(avoid, max(len(use), 1 << (32 - use.mask_size)), POOL_BLOCKS)
    return propose_pool(avoid, use.mask_size, nodes if use.key == "pod_cidr" else 1)


def _v6(use: Use, around: Sequence[Use], nodes: int) -> IPv6Network | None:
    """As large as the one that is written; larger where that has no parts for all nodes."""
    avoid = [network for other in around if _apart(use, other) for network in other.networks_v6]
    prefix = use.networks_v6[0].prefixlen
    if use.kind is Kind.PODS:
        prefix = min(prefix, use.mask_size - (nodes - 1).bit_length())
    return propose_v6(avoid, prefix)


def _apart(use: Use, other: Use) -> bool:
    pair = pair_of(use.kind, other.kind)
    return pair is not None and pair.may != "always"


def _block(use: Use, around: Sequence[Use], *, by_arp: bool, by_bgp: bool) -> IPv4Network | None:
    """As many addresses as were asked for: on a link of the nodes, or anywhere where routers are told of them."""
    # A range gives out its ends too, and what is proposed is a network.
    wanted = len(use) if "/" in use.value or len(use) == 1 else len(use) + 2
    links = {network for other in around if other.kind is Kind.LINK for network in other.networks}
    nodes = {other.first for other in around if other.kind is Kind.NODE}
    held = sorted(links, key=lambda link: (not any(node in link for node in nodes), link))
    candidates = [_on_link(use, link, around, wanted) for link in held if link.prefixlen < 31]
    if not by_arp or by_bgp:
        anywhere = [network for other in around if _apart(use, other) for network in other.networks]
        free = _first_block(anywhere, wanted, SERVICE_BLOCKS)
        candidates = [*candidates, free] if by_arp or not by_bgp else [free, *candidates]
    good = [network for network in candidates if network]
    enough = [network for network in good if network.num_addresses >= wanted]
    return enough[0] if enough else max(good, key=lambda network: network.num_addresses, default=None)


def _on_link(use: Use, link: IPv4Network, around: Sequence[Use], wanted: int) -> IPv4Network | None:
    """A part of the link's network that holds nobody's address, nor the ends of any link it lies in."""
    avoid = [IPv4Network(link[0]), IPv4Network(link[-1])]
    for other in around:
        (first, last) = other.span
        wider = other.kind in _ROUTED and first <= int(link[0]) and int(link[-1]) <= last
        if wider and other.kind is Kind.LINK:
            avoid += [IPv4Network(other.first), IPv4Network(other.last)]
        elif not wider and _apart(use, other):
            avoid += other.networks
    found = propose_block(avoid, wanted, link)
    if found and any(clash(network_use(use.kind, found, use.what, use.key), other) for other in around):
        return None
    return found


def _first_block(avoid: Sequence[IPv4Network], addresses: int, blocks: Sequence[IPv4Network]) -> IPv4Network | None:
    """From the first of the blocks that has so many addresses together, else the largest there is."""
    found = [network for block in blocks if (network := propose_block(avoid, addresses, block))]
    enough = [network for network in found if network.num_addresses >= addresses]
    return enough[0] if enough else max(found, key=lambda network: network.num_addresses, default=None)


def _name(key: str) -> str:
    return key.partition(".")[0]
