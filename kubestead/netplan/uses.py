"""What addresses are used for: each use is a stretch of addresses with a name, whoever it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, summarize_address_range

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Kind(Enum):
    """The value is how the table in docs/addresses.md names it."""

    PODS = "pod network"
    SERVICES = "service network"
    BALANCED = "load-balancer block"
    NODE = "node address"
    API = "address of the API"
    ROUTER = "router"
    LINK = "network of a node's link"
    INNER = "network inside a node"
    ROUTE = "network behind a router"
    OTHER_PODS = "another cluster's pod network"
    OTHER_SERVICES = "another cluster's service network"


@dataclass(frozen=True)
class Use:
    """Addresses ``first`` to ``last``, used for one thing.

    Args:
        kind: what for.
        first: the first address.
        last: the last one.
        what: the thing, as a message names it (``the address of k8s-cp``).
        value: the addresses as they were written, or as the host tells them.
        key: the spec's key for them (``cilium_lb_pools.0.blocks.1``); empty where they are not the spec's.
        spares_ends: the first and the last address are given to nobody.
        mask_size: of a pod network, the prefix length of the parts nodes get.
    """

    kind: Kind
    first: Address
    last: Address
    what: str
    value: str
    key: str = ""
    spares_ends: bool = False
    mask_size: int = 32

    @property
    def version(self) -> int:
        """4 or 6."""
        return self.first.version

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last address, as numbers."""
        return int(self.first), int(self.last)

    @property
    def given(self) -> tuple[int, int]:
        """The same of the addresses that are really given to somebody."""
        first, last = self.span
        return (first + 1, last - 1) if self.spares_ends else (first, last)

    def __len__(self) -> int:
        """How many addresses there are."""
        return int(self.last) - int(self.first) + 1

    @property
    def networks(self) -> list[IPv4Network]:
        """IPv4 addresses as networks, as few as can be; none where they are IPv6."""
        if isinstance(self.first, IPv6Address) or isinstance(self.last, IPv6Address):
            return []
        return list(summarize_address_range(self.first, self.last))

    @property
    def networks_v6(self) -> list[IPv6Network]:
        """IPv6 addresses as networks; none where they are IPv4."""
        if isinstance(self.first, IPv4Address) or isinstance(self.last, IPv4Address):
            return []
        return list(summarize_address_range(self.first, self.last))

    def __str__(self) -> str:
        if not self.key:
            return f"a network in use: {self.value} is {self.what}"
        return f"{self.what} {self.value} ({self.key})"


@dataclass(frozen=True)
class OtherCluster:
    """The networks of another cluster in the mesh."""

    name: str
    pods: tuple[Network, ...] = ()
    services: tuple[Network, ...] = ()


def network_use(kind: Kind, network: Network, what: str, key: str = "", mask_size: int = 32) -> Use:
    """A network's use."""
    return Use(kind, network[0], network[-1], what, str(network), key, mask_size=mask_size)


def address_use(kind: Kind, address: Address, what: str) -> Use:
    """A single address's use."""
    return Use(kind, address, address, what, f"{address}/{address.max_prefixlen}")


def block_use(block: str, what: str, key: str, first_and_last: bool) -> Use:
    """The use of a load balancer's block: ``10.9.0.0/28``, ``10.9.0.5`` or ``10.9.0.10-10.9.0.20``.

    Raises:
        ValueError: it is none of them.
    """
    if "/" in block:
        network = IPv4Network(block)
        first, last = network[0], network[-1]
        # Cilium spares the ends of networks only, and never of one that has no others (lbipam.go, handleNewPool).
        spares = not first_and_last and network.num_addresses > 2
    else:
        start, _, end = (part.strip() for part in block.partition("-"))
        first, last, spares = IPv4Address(start), IPv4Address(end or start), False
    return Use(Kind.BALANCED, first, last, what, block, key, spares)
