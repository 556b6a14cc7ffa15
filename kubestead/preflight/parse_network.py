"""Devices, routes and listening sockets, as iproute2 prints them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from kubestead.netplan import Route
from kubestead.preflight.model import Device, Socket

_OWNER = re.compile(r'users:\(\("(?P<name>[^"]*)"')


def devices(lines: Sequence[str]) -> tuple[Device, ...] | None:
    """``ip -j addr show``; of IPv6 addresses those that other machines may reach."""
    entries = _objects(lines)
    if entries is None:
        return None
    return tuple(
        Device(
            name=entry.get("ifname", ""),
            mac=entry.get("address") if entry.get("link_type") == "ether" else None,
            addresses=tuple(_addresses(entry, "inet")),
            addresses_v6=tuple(_addresses(entry, "inet6")),
            mtu=entry.get("mtu"),
        )
        for entry in entries
    )


def _addresses(entry: dict[str, Any], family: str) -> Iterator[str]:
    for address in entry.get("addr_info", []):
        reached = family == "inet" or address.get("scope") == "global"
        if address.get("family") == family and reached and "local" in address and "prefixlen" in address:
            yield f"{address['local']}/{address['prefixlen']}"


def routes(lines: Sequence[str]) -> tuple[Route, ...] | None:
    """``ip -j -4 route show``: the main table. A route through several next hops stands once for each."""
    return _routes(lines, IPv4Network("0.0.0.0/0"))


def routes_v6(lines: Sequence[str]) -> tuple[Route, ...] | None:
    """``ip -j -6 route show``: the same of IPv6, without what is about a link alone."""
    found = _routes(lines, IPv6Network("::/0"))
    if found is None:
        return None
    return tuple(
        route
        for route in found
        if not (route.destination.is_link_local or route.destination.is_multicast or route.destination.is_loopback)
    )


def _routes(lines: Sequence[str], anywhere: IPv4Network | IPv6Network) -> tuple[Route, ...] | None:
    """The routes of one family; ``anywhere`` is what it calls ``default``."""
    entries = _objects(lines)
    if entries is None:
        return None
    return tuple(
        Route(
            destination=anywhere if entry["dst"] == "default" else ip_network(entry["dst"], strict=False),
            device=hop.get("dev", ""),
            gateway=ip_address(hop["gateway"]) if "gateway" in hop else None,
        )
        for entry in entries
        for hop in entry.get("nexthops", [entry])
    )


def sockets(lines: Sequence[str]) -> tuple[Socket, ...] | None:
    """``ss -H -lntup``, followed by a line ``end``; None when ss was not there or did not come to its end."""
    if not lines or lines[-1] != "end":
        return None
    found = []
    for line in lines[:-1]:
        fields = line.split()
        if len(fields) < 6 or fields[0] not in ("tcp", "udp"):
            continue
        address, _, port = fields[4].rpartition(":")
        owner = _OWNER.search(line)
        if port.isdigit():
            found.append(
                Socket("tcp" if fields[0] == "tcp" else "udp", address, int(port), owner["name"] if owner else None)
            )
    return tuple(found)


def _objects(lines: Sequence[str]) -> list[dict[str, Any]] | None:
    try:
        data = json.loads("\n".join(lines))
    except ValueError:
        return None
    # Some versions of iproute2 print empty objects between the real ones.
    return [entry for entry in data if entry] if isinstance(data, list) else None
