"""The inventory as the watcher needs it: names, groups, power commands. Read by pyinfra, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubestead.errors import KubesteadError

PYINFRA = str(Path(sys.executable).with_name("pyinfra"))
LIMIT_SECONDS = 60


@dataclass(frozen=True)
class Inventory:
    """The hosts of the inventory.

    Args:
        path: the inventory file.
        control_planes, workers: names, in the inventory's order.
        power: the site's power commands ``status``, ``off`` and ``on`` by host, where it has them.
        addresses: the control planes' addresses among the nodes, by name.
    """

    path: Path
    control_planes: tuple[str, ...]
    workers: tuple[str, ...]
    power: Mapping[str, Mapping[str, str]]
    addresses: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """Every host."""
        return frozenset((*self.control_planes, *self.workers))


def read(path: Path) -> Inventory:
    """The inventory as pyinfra understands it.

    Raises:
        KubesteadError: pyinfra refused it; its own words are in the text.
    """
    return parse(path, read_hosts(path))


def read_hosts(path: Path) -> list[dict[str, Any]]:
    """Name, groups and data of every host, as ``debug-inventory --json`` prints them.

    Raises:
        KubesteadError: as :func:`read`.
    """
    argv = [PYINFRA, str(path), "debug-inventory", "--json"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS)
        if done.returncode == 0:
            hosts: list[dict[str, Any]] = json.loads(done.stdout)
            return hosts
        said = (done.stderr or done.stdout).strip()[-600:]
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        said = str(error)
    raise KubesteadError(f"{path}: the inventory cannot be read: {said}")


def parse(path: Path, hosts: list[dict[str, Any]]) -> Inventory:
    """From what ``debug-inventory --json`` prints.

    Raises:
        KubesteadError: there is no control plane.
    """
    groups: dict[str, tuple[str, ...]] = {
        group: tuple(host["name"] for host in hosts if group in host["groups"])
        for group in ("control_plane", "workers")
    }
    if not groups["control_plane"]:
        raise KubesteadError(f"{path}: has no host in the group control_plane")
    power = {host["name"]: host["data"]["kubestead_power"] for host in hosts if host["data"].get("kubestead_power")}
    planes = [host for host in hosts if host["name"] in groups["control_plane"]]
    # As kubestead.phases.topology.node_address, which needs pyinfra's host.
    addresses = {
        host["name"]: str(host["data"].get("node_address") or host["data"].get("ssh_hostname") or host["name"])
        for host in planes
    }
    return Inventory(path, groups["control_plane"], groups["workers"], power, addresses)
