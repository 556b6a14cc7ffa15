"""The way to a host: the jump hosts in front of it, with the settings each is reached by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubestead.errors import Finding
from kubestead.site.hops import Hop, hops
from kubestead.site.model import HostSettings

Way = list[tuple[str, HostSettings]]


class Circle(ValueError):
    """A host is in front of itself, by way of others."""


def way(name: str, hosts: Mapping[str, HostSettings]) -> Way:
    """The jump hosts in front of a host, the first one reached from here; names as they were written.

    A host that is its own jump host (by ``hosts.all``) is reached without one.

    Args:
        name: the host.
        hosts: everybody's settings, also of jump hosts that are no nodes.

    Raises:
        Circle: there is no first one.
    """
    return _way(name, hosts, ())


def _way(name: str, hosts: Mapping[str, HostSettings], behind: tuple[str, ...]) -> Way:
    if name in behind:
        raise Circle(" behind ".join((*behind, name)))
    settings = hosts[name]
    parts = hops(settings.jump) if settings.jump else []
    if any(part.host == name for part in parts):
        return []
    found: Way = []
    for number, part in enumerate(parts):
        # What leads to the first one leads to them all.
        if number == 0 and part.host in hosts:
            found += _way(part.host, hosts, (*behind, name))
        found.append((part.host, _settings(part, settings, hosts.get(part.host))))
    return found


def _settings(hop: Hop, target: HostSettings, own: HostSettings | None) -> HostSettings:
    """The site file's for the jump host; else those of the host behind it, but for address and port."""
    said = {key: value for key, value in (("user", hop.user), ("port", hop.port)) if value}
    if own:
        return own.model_copy(update={"address": own.address or hop.host, **said})
    return target.model_copy(update={"address": hop.host, "port": 22, **said})


def ways(
    members: Mapping[str, HostSettings], hosts: Mapping[str, HostSettings], site: str
) -> tuple[dict[str, Way], list[Finding]]:
    """The way to each of these hosts, and what is wrong with them."""
    found: dict[str, Way] = {}
    findings = []
    for name, settings in members.items():
        try:
            found[name] = way(name, hosts)
        except Circle as error:
            fix = "let one of them be reached without a jump host"
            findings.append(Finding(f"{site}: hosts.{name}.jump", f"goes in a circle: {error}", fix, settings.jump))
            found[name] = []
    return found, findings


def jump_names(hosts: Mapping[str, HostSettings]) -> frozenset[str]:
    """Every name that is somebody's jump host."""
    return frozenset(hop.host for host in hosts.values() if host.jump for hop in hops(host.jump))


def way_data(way: Way, host_keys: Mapping[str, str]) -> list[dict[str, Any]]:
    """As :mod:`kubestead.connection.jump` takes it."""
    return [
        {
            "name": name,
            "address": hop.address,
            "port": hop.port,
            "user": hop.user,
            "key": hop.key and str(hop.key),
            "known_hosts": hop.known_hosts and str(hop.known_hosts),
            "host_keys": host_keys[hop.host_keys],
        }
        for name, hop in way
    ]
