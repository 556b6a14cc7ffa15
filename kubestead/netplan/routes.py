"""Nodes' routing tables: which routes are in use by somebody else, and which networks nodes have a link in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import IPv4Network

from kubestead.netplan.uses import Address, Network

CILIUM_DEVICES = ("cilium_*", "lxc*")
# Networks that exist inside one machine only: those of container engines and hypervisors. Cilium announces nothing
# there (pkg/defaults, ExcludedDevicePrefixes; bridges are passed over too).
INNER_DEVICES = ("docker*", "br-*", "cni*", "podman*", "virbr*", "lxcbr*", "lxdbr*", "incusbr*", "veth*", "kube-*")


@dataclass(frozen=True)
class Route:
    """A line of a node's main routing table; ``device`` is empty and ``gateway`` None where it has none."""

    destination: Network
    device: str
    gateway: Address | None = None

    @property
    def says_nothing(self) -> bool:
        """A default route, or what a VPN may set in its place: its two halves (0.0.0.0/1, 128.0.0.0/1), or all of IPv6
        that is routed in the world (2000::/3). Any network lies in it."""
        return self.destination.prefixlen <= (1 if isinstance(self.destination, IPv4Network) else 3)

    @property
    def is_link(self) -> bool:
        """The network is on the device itself, no router between."""
        return bool(self.device) and self.gateway is None

    @property
    def is_inner(self) -> bool:
        """It exists inside the node only."""
        return self.is_link and matches(self.device, INNER_DEVICES)


def matches(device: str, patterns: Sequence[str]) -> bool:
    """Whether a device's name is one of the patterns'."""
    return any(fnmatchcase(device, pattern) for pattern in patterns)


def inside(network: Network, other: Network) -> bool:
    """Whether a network lies wholly inside of another."""
    return network.version == other.version and network[0] in other and network.prefixlen >= other.prefixlen


def foreign_routes(
    pools: Sequence[Network],
    nodes: Collection[Address],
    routes: Mapping[str, Sequence[Route]],
    own_devices: Sequence[str] = CILIUM_DEVICES,
) -> dict[Route, list[str]]:
    """The routes Cilium did not make, each with the hosts that have it; default routes among them.

    Args:
        pools: every network pods have addresses from.
        nodes: the nodes' addresses.
        routes: host name to the routes of its main table.
        own_devices: patterns of devices whose routes an already running Cilium made.
    """
    found: dict[Route, list[str]] = {}
    for host, table in routes.items():
        for route in table:
            # With autoDirectNodeRoutes Cilium routes each node's part of the pool straight to that node.
            to_a_node = route.gateway in nodes and any(inside(route.destination, pool) for pool in pools)
            if not to_a_node and not matches(route.device, own_devices):
                hosts = found.setdefault(route, [])
                if host not in hosts:
                    hosts.append(host)
    return found
