"""Networks that fit: free of everything that is to be avoided, as large as can be or as large as is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import TypeVar

# Where a pool may be proposed, in order: RFC 1918's two large blocks, then RFC 6598's shared space.
POOL_BLOCKS = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "100.64.0.0/10", "192.168.0.0/16")))
# The lab's own choice first: Docker settles at the low end of 172.16/12.
SERVICE_BLOCKS = tuple(map(IPv4Network, ("172.20.0.0/16", "172.16.0.0/12", "100.64.0.0/10", "10.0.0.0/8")))
SERVICE_PREFIX = 16
# RFC 4193: everybody's own.
LOCAL_V6 = IPv6Network("fd00::/8")
_Net = TypeVar("_Net", IPv4Network, IPv6Network)


def propose_pool(
    avoid: Iterable[IPv4Network], mask_size: int, nodes: int, blocks: Sequence[IPv4Network] = POOL_BLOCKS
) -> IPv4Network | None:
    """The largest free network that holds ``nodes`` parts of prefix length ``mask_size``.

    It is taken from the first of the ``blocks`` that has one. None where nothing fits beside the networks to ``avoid``.
    """
    for free in _free_in(blocks, avoid):
        fitting = [network for network in free if parts(network, mask_size) >= nodes]
        if fitting:
            # Of the largest ones the highest: home networks and hypervisors settle at the low end of 10/8.
            return max(fitting, key=lambda network: (-network.prefixlen, network.network_address))
    return None


def propose_service_cidr(
    avoid: Iterable[IPv4Network], blocks: Sequence[IPv4Network] = SERVICE_BLOCKS, prefix: int = SERVICE_PREFIX
) -> IPv4Network | None:
    """A free /16 for services, inside 172.16/12 if possible; None where there is none."""
    for free in _free_in(blocks, avoid):
        for network in free:
            if network.prefixlen <= prefix:
                return next(network.subnets(new_prefix=prefix))
    return None


def propose_block(avoid: Iterable[IPv4Network], addresses: int, within: IPv4Network) -> IPv4Network | None:
    """The highest free network of at least ``addresses`` addresses, no larger than that takes, inside ``within``.

    Where nothing free has so many, the largest there is; None where nothing is free.
    """
    wanted = 32 - max(addresses - 1, 0).bit_length()
    (free,) = _free_in([within], avoid)
    fitting = [network for network in free if network.prefixlen <= wanted]
    if not fitting:
        return max(free, key=lambda network: (-network.prefixlen, network.network_address), default=None)
    last = max(fitting, key=lambda network: network.network_address)
    return IPv4Network((int(last.broadcast_address) + 1 - (1 << (32 - wanted)), wanted))


def propose_v6(avoid: Iterable[IPv6Network], prefix: int, within: IPv6Network = LOCAL_V6) -> IPv6Network | None:
    """The lowest free network of this prefix length; None where there is none."""
    (free,) = _free_in([within], avoid)
    fitting = [network for network in free if network.prefixlen <= prefix]
    lowest = min(fitting, key=lambda network: network.network_address, default=None)
    return None if lowest is None else IPv6Network((lowest.network_address, prefix))


def parts(network: IPv4Network | IPv6Network, mask_size: int) -> int:
    """How many parts of prefix length ``mask_size`` a network is cut into."""
    return 1 << (mask_size - network.prefixlen) if mask_size >= network.prefixlen else 0


def _free_in(blocks: Sequence[_Net], avoid: Iterable[_Net]) -> Iterator[list[_Net]]:
    """Of each block what is left of it as networks, the largest first."""
    avoided = list(collapse_addresses(avoid))
    for block in blocks:
        free = [block]
        for network in avoided:
            free = [rest for part in free for rest in _without(part, network)]
        yield sorted(free, key=lambda part: (part.prefixlen, part.network_address))


def _without(part: _Net, network: _Net) -> list[_Net]:
    if not part.overlaps(network):
        return [part]
    return list(part.address_exclude(network)) if network.subnet_of(part) else []
