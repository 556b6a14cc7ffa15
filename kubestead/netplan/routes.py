"""Nodes' routing tables: which routes are in use by somebody else, and which networks nodes have a link in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv4Network

CILIUM_DEVICES = ("cilium_*", "lxc*")
# Networks that exist inside one machine only: those of container engines and hypervisors. Cilium announces nothing
# there (pkg/defaults, ExcludedDevicePrefixes; bridges are passed over too).
INNER_DEVICES = ("docker*", "br-*", "cni*", "podman*", "virbr*", "lxcbr*", "lxdbr*", "incusbr*", "veth*", "kube-*")


@dataclass(frozen=True)
class Route:
    """A line of a node's main routing table; ``device`` is empty and ``gateway`` None where it has none."""

    destination: IPv4Network
    device: str
    gateway: IPv4Address | None = None

    @property
    def says_nothing(self) -> bool:
        """A default route, or one of the two halves (0.0.0.0/1, 128.0.0.0/1) a VPN may set: any network lies in it."""
        return self.destination.prefixlen <= 1

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


def foreign_routes(
    pools: Sequence[IPv4Network],
    node_addresses: Mapping[str, IPv4Address],
    routes: Mapping[str, Sequence[Route]],
    own_devices: Sequence[str] = CILIUM_DEVICES,
) -> dict[Route, list[str]]:
    """The routes Cilium did not make, each with the hosts that have it; default routes among them.

    Args:
        pools: every network pods have addresses from.
        node_addresses: host name to its node address.
        routes: host name to the routes of its main table.
        own_devices: patterns of devices whose routes an already running Cilium made.
    """
    nodes = set(node_addresses.values())
    found: dict[Route, list[str]] = {}
    for host, table in routes.items():
        for route in table:
            # With autoDirectNodeRoutes Cilium routes each node's part of the pool straight to that node.
            to_a_node = route.gateway in nodes and any(route.destination.subnet_of(pool) for pool in pools)
            if not to_a_node and not matches(route.device, own_devices):
                hosts = found.setdefault(route, [])
                if host not in hosts:
                    hosts.append(host)
    return found
