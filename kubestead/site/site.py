"""The site in force, and the inventory it makes."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from kubestead.errors import Finding, InvalidInput
from kubestead.site.given import check_given
from kubestead.site.hosts import check_files, check_hosts, check_names, host_data, node_address
from kubestead.site.model import HostSettings, Sources
from kubestead.site.network import check_network, current_twin, running_twins
from kubestead.site.way import Way, jump_names, ways

GROUPS = ("control_plane", "workers")
Hosts = Sequence[tuple[str, str]]
Inventory = dict[str, list[tuple[str, dict[str, Any]]]]
SHOWN = 8


class Site(BaseModel):
    """What differs from place to place. Get it with :func:`kubestead.site.load_site`.

    Args:
        path: the site file; None when there is none.
        defaults: settings of a host the file does not name.
        hosts: settings by host name, the defaults already in them.
        sources: where hosts get everything from.
        overrides: cluster values that win over group_data, whole values per key.
        override_places: each override's file, line and key.
        twin: the twin the file was written for, or None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path | None = None
    defaults: HostSettings = HostSettings()
    hosts: dict[str, HostSettings] = {}
    sources: Sources = Sources()
    overrides: dict[str, Any] = {}
    override_places: dict[str, str] = {}
    twin: str | None = None

    @property
    def label(self) -> str:
        """The file's path, for findings."""
        return str(self.path or "no site file")

    def inventory(
        self, control_plane: Hosts | None = None, workers: Hosts | None = None, command: str = "pyinfra ..."
    ) -> Inventory:
        """The two groups with every host's data; says on stderr which network, hosts, file and overrides are in force.

        Args:
            control_plane: names and addresses; the site file's own address wins. None for both groups takes the
                hosts of the site file by their ``group``.
            workers: the same for the workers.
            command: the command line in force, for the advice to run it inside a twin.

        Raises:
            InvalidInput: with every finding at once; nothing has been connected to.
        """
        groups, findings = self._groups(control_plane, workers)
        hosts = {name: settings for members in groups.values() for name, settings in members.items()}
        twins = running_twins()
        here = current_twin(twins)
        addresses = [host.address for host in hosts.values() if host.address]
        found, wrong = ways(hosts, {**self.hosts, **hosts}, self.label)
        findings += [*check_hosts(hosts, self.label), *wrong]
        findings += check_files([*hosts.values(), *(hop for way in found.values() for _, hop in way)], self.label)
        findings += check_names(hosts, self.hosts, self.label) if control_plane or workers else []
        findings += check_network(addresses, self.twin, twins, here, command)
        if findings:
            raise InvalidInput(findings)
        print(self.announcement(hosts, here.name if here else None, found), file=sys.stderr)
        shared = self._shared_data()
        return {
            group: [(name, {**host_data(settings, found[name]), **shared}) for name, settings in members.items()]
            for group, members in groups.items()
        }

    def nodes(self, control_plane: Hosts | None = None, workers: Hosts | None = None) -> list[tuple[str, str, str]]:
        """Group, name and node address of every host that has one, whatever else is wrong with it."""
        groups, _ = self._groups(control_plane, workers)
        return [
            (group, name, address)
            for group, members in groups.items()
            for name, settings in members.items()
            if (address := node_address(settings))
        ]

    def announcement(self, hosts: Mapping[str, HostSettings], twin: str | None, found: Mapping[str, Way]) -> str:
        """The run's first lines: how many hosts, in which network, by which file, way and overrides."""
        network = f"the twin {twin!r}" if twin else "this machine's network"
        names = [f"{name} {host.address}" for name, host in hosts.items()]
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        place = f"site {self.path}" if self.path else "no site file"
        plural = "" if len(names) == 1 else "s"
        lines = [f"kubestead: {len(names)} host{plural} in {network} ({place}): {', '.join(names[:SHOWN])}{more}"]
        if through := sorted({" then ".join(name for name, _ in way) for way in found.values() if way}):
            lines.append(f"  through the jump host {', '.join(through)}")
        if self.overrides:
            lines.append(f"  overrides in force: {', '.join(map(_short, self.overrides.items()))}")
        return "\n".join(lines)

    def _groups(
        self, control_plane: Hosts | None, workers: Hosts | None
    ) -> tuple[dict[str, dict[str, HostSettings]], list[Finding]]:
        if control_plane is None and workers is None:
            groups = {group: {n: h for n, h in self.hosts.items() if h.group == group} for group in GROUPS}
            fix = "write group: control_plane or group: workers"
            findings = [
                Finding(f"{self.label}: hosts.{name}", "has no group", fix)
                for name, host in self.hosts.items()
                if not host.group and name not in jump_names(self.hosts)
            ]
        else:
            given, findings = check_given(dict(zip(GROUPS, (control_plane, workers), strict=True)))
            groups = {group: {n: self._settings(n, a) for n, a in members.items()} for group, members in given.items()}
        if not groups["control_plane"]:
            fix = "name at least one host for control_plane"
            findings.append(Finding("the inventory", "has no control plane", fix))
        return groups, findings

    def _settings(self, name: str, address: str) -> HostSettings:
        settings = self.hosts.get(name, self.defaults)
        return settings if settings.address else settings.model_copy(update={"address": address})

    def _shared_data(self) -> dict[str, Any]:
        """The overrides as host data, which wins over group data."""
        data = {"kubestead_sources": self.sources.model_dump(), "kubestead_where": dict(self.override_places)}
        return {**data, **self.overrides}


def _short(override: tuple[str, Any]) -> str:
    key, value = override
    if isinstance(value, Mapping):
        return f"{key} ({', '.join(map(str, value))})"
    return f"{key} = {value}"
