"""Hosts as pyinfra's inventory takes them: names with their data."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from kubestead.errors import Finding
from kubestead.paths import is_file, is_folder
from kubestead.site.model import HostSettings
from kubestead.site.private import check_key, check_password_file
from kubestead.site.way import Way, way_data
from kubestead.spec.fields import Ipv4, is_address, is_ipv4
from kubestead.validation import nearest

HOST_KEYS = {"strict": "yes", "accept-new": "accept-new"}
_NODE_ADDRESS: TypeAdapter[object] = TypeAdapter(Ipv4)
# Without them a dead link hangs a run for an hour: paramiko's own channel timeout is 3600 s.
TIMEOUTS = {"channel_timeout": 15, "banner_timeout": 15, "auth_timeout": 15}


def host_data(settings: HostSettings, way: Way | None = None) -> dict[str, Any]:
    """pyinfra's data of one host: the SSH connection, and the node's own settings where the site gives them."""
    data: dict[str, Any] = {
        "ssh_hostname": settings.address,
        "ssh_port": settings.port,
        "ssh_strict_host_key_checking": HOST_KEYS[settings.host_keys],
        "ssh_paramiko_connect_kwargs": dict(TIMEOUTS),
    }
    if settings.user:
        data["ssh_user"] = settings.user
    if settings.key:
        data["ssh_key"] = str(settings.key)
    if settings.known_hosts:
        data["ssh_known_hosts_file"] = str(settings.known_hosts)
    if settings.sudo:
        data["_sudo"] = True
    # The path alone: data is printed by debug-inventory.
    if settings.sudo and settings.sudo_password_file:
        data["kubestead_sudo_password_file"] = str(settings.sudo_password_file)
    if way:
        data["kubestead_jump"] = way_data(way, HOST_KEYS)
    if node := node_address(settings):
        data["node_address"] = node
    if settings.labels:
        data["labels"] = dict(settings.labels)
    if settings.taints:
        data["taints"] = [str(taint) for taint in settings.taints]
    if settings.power:
        data["kubestead_power"] = settings.power.model_dump()
    return data


def node_address(settings: HostSettings) -> str | None:
    """The node's address: its own, else the one SSH connects to where that is an address."""
    if settings.node_address:
        return str(settings.node_address)
    return settings.address if settings.address and is_ipv4(settings.address) else None


def check_hosts(hosts: Mapping[str, HostSettings], site: str) -> list[Finding]:
    """What is wrong with these hosts before anything connects: addresses, sudo, keys, known_hosts."""
    findings: list[Finding] = []
    seen: dict[tuple[str, object], str] = {}
    for name, settings in hosts.items():
        where = f"{site}: hosts.{name}"
        if not settings.address:
            findings.append(Finding(where, "has no address", f"write hosts.{name}.address in the site file"))
        elif not settings.node_address:
            findings += _check_node_address(settings.address, where, f"write hosts.{name}.node_address")
        if settings.sudo_password_file and not settings.sudo:
            reason, fix = "has a sudo_password_file and no sudo", "write sudo: true, or leave the file out"
            findings.append(Finding(where, reason, fix))
        for kind, own in (
            ("address", (settings.address, settings.port, settings.jump)),
            ("node address", node_address(settings)),
        ):
            other = seen.setdefault((kind, own), name)
            if other != name and settings.address and own:
                findings.append(Finding(where, f"has the same {kind} as {other}", "give each host its own", value=own))
    return findings


def _check_node_address(address: str, where: str, fix: str) -> list[Finding]:
    """The address SSH connects to becomes the node's where nothing else is said, so it must be one a node can have."""
    if not is_address(address):
        fix = f"{fix}, an IPv4 address the other nodes reach it by"
        return [Finding(where, f"{address} is a name, so its node address is unknown", fix)]
    try:
        _NODE_ADDRESS.validate_python(address)
    except ValidationError as error:
        reason = str(error.errors()[0]["ctx"]["error"])
        return [Finding(where, f"{reason}, and its node address is to be one", fix, value=address)]
    return []


def check_names(inventory: Iterable[str], site_hosts: Iterable[str], site: str) -> list[Finding]:
    """Settings of a host that is nowhere, and looks like a host that has none: a typing error."""
    site_names, names = set(site_hosts), set(inventory)
    findings = []
    for name in sorted(site_names - names):
        meant = nearest(name, names - site_names)
        if meant:
            reason = "is no host of this inventory"
            findings.append(Finding(f"{site}: hosts.{name}", reason, f"did you mean {meant}?"))
    return findings


def check_files(hosts: Collection[HostSettings], site: str) -> list[Finding]:
    """What is wrong with the files that hosts and jump hosts are reached by: keys, sudo's password, known_hosts."""
    findings = []
    for key in sorted({host.key for host in hosts if host.key}):
        findings += check_key(key, site)
    for file in sorted({host.sudo_password_file for host in hosts if host.sudo_password_file}):
        findings += check_password_file(file, site)
    for host in {(host.known_hosts, host.host_keys): host for host in hosts}.values():
        path = host.known_hosts or _default_known_hosts()
        if host.host_keys == "strict" and not is_file(path):
            fix = "write the hosts' keys there (ssh-keyscan, then compare), or set host_keys: accept-new"
            findings.append(Finding(f"{site}: known_hosts", "there is no such file", fix, value=str(path)))
        elif not is_folder(path.parent):
            fix = f"run 'mkdir -m 700 -p {path.parent}'"
            findings.append(Finding(f"{site}: known_hosts", "its folder does not exist", fix, value=str(path)))
    return findings


def _default_known_hosts() -> Path:
    """Where ssh keeps them; the folder is made as ssh makes it, for pyinfra does not."""
    path = Path(os.path.expanduser("~/.ssh/known_hosts"))  # noqa: PTH111 - without a home it stays as it is
    # Where it cannot be made, it is not there, and that is told.
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
