"""Who is who in this run: groups, node addresses, the first control plane."""

from __future__ import annotations

from pyinfra import host, inventory, state
from pyinfra.api import DeployError
from pyinfra.api.exceptions import NoGroupError
from pyinfra.api.host import Host

CONTROL_PLANE = "control_plane"
WORKERS = "workers"


def group(name: str) -> list[Host]:
    """The hosts of a group in the inventory's order; empty when there is no such group."""
    try:
        return list(inventory.get_group(name))
    except NoGroupError:
        return []


def present(name: str) -> list[Host]:
    """The hosts of a group that take part in this run: neither left out by --limit nor as they did not answer."""
    return [node for node in group(name) if node in state.active_hosts]


def first_control_plane() -> Host:
    """The host the cluster starts on: the first of the group ``control_plane``."""
    hosts = group(CONTROL_PLANE)
    if not hosts:
        raise DeployError("the inventory has no group 'control_plane'; name at least one host in it")
    return hosts[0]


def asked_control_plane() -> Host:
    """The host whose API is asked of nodes: the first control plane that is not known to be out of reach."""
    for node in group(CONTROL_PLANE):
        if node in state.active_hosts or not state.is_host_in_limit(node):
            return node
    return first_control_plane()


def is_first_control_plane() -> bool:
    """Whether the present host is the one the cluster starts on."""
    return bool(host == first_control_plane())


def in_group(name: str) -> bool:
    """Whether the present host is in the group ``name``."""
    return host in group(name)


def node_address(node: Host) -> str:
    """The IPv4 address a node is known by in the cluster: its ``node_address``, else the address SSH uses."""
    return str(node.data.get("node_address") or node.data.get("ssh_hostname") or node.name)


def first_control_plane_address() -> str:
    """The node address of the first control plane."""
    return node_address(first_control_plane())


def node_names() -> list[str]:
    """The names of all nodes the inventory lists, control planes first."""
    return [node.name for node in [*group(CONTROL_PLANE), *group(WORKERS)]]
