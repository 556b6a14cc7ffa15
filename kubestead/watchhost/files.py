"""The files the watcher reads on its host: the site, the inventory, the cluster's spec, its kubeconfig."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from kubestead.spec import ClusterSpec
from kubestead.watchhost import places
from kubestead.watchhost.keys import known_host

_WRITTEN = "Written by deploys/watcher.py of kubestead; the next run writes it anew."


@dataclass(frozen=True)
class Target:
    """A node as the watcher reaches it.

    Args:
        name: the node's name.
        group: ``control_plane`` or ``workers``.
        address: its IPv4 address among the nodes; SSH goes there too.
        port: of its SSH.
        user: who SSH logs in as, the same as from the operator's machine.
        sudo: whether that user needs sudo.
        host_key: ``ssh-ed25519 AAAA...``, as the operator's machine trusts it.
        own: what else the site file says of it: labels, taints, power.
    """

    name: str
    group: str
    address: str
    port: int
    user: str
    sudo: bool
    host_key: str
    own: Mapping[str, Any]


def site(targets: Sequence[Target], sources: Mapping[str, Any]) -> str:
    """The site file: every node with the watcher's own key and the pinned host keys.

    Args:
        targets: all nodes, the first control plane first.
        sources: the site's ``sources``, their catalog being the watcher's own copy.
    """
    everyone = {"key": places.KEY, "known_hosts": places.KNOWN_HOSTS, "host_keys": "strict"}
    hosts: dict[str, Any] = {"all": everyone}
    for node in targets:
        hosts[node.name] = {
            "address": node.address, "group": node.group, "user": node.user, "port": node.port, "sudo": node.sudo,
            **node.own,
        }  # fmt: skip
    content: dict[str, Any] = {"hosts": hosts}
    content["sources"] = {key: str(value) for key, value in sources.items() if value}
    # Through JSON: plain values only, and no reference from one host's to another's.
    return f"# {_WRITTEN}\n" + yaml.safe_dump(json.loads(json.dumps(content)), sort_keys=False)


def inventory() -> str:
    """The inventory: the hosts of the site file by their groups."""
    return f'"""{_WRITTEN}"""\n\nfrom kubestead.inventory import load\n\ncontrol_plane, workers = load()\n'


def group_data(spec: ClusterSpec) -> str:
    """``group_data/all.py`` with every value in force, the site's overrides among them."""
    values = spec.model_dump(mode="json")
    return f'"""{_WRITTEN}"""\n\n' + "".join(f"{key} = {value!r}\n" for key, value in values.items())


def kubeconfig(server: str, certificate_authority: str, token: str) -> str:
    """A kubeconfig for the watcher's service account.

    Args:
        server: the API's URL, ``https://192.168.1.187:6443``.
        certificate_authority: the cluster's CA certificate, PEM in base64 as a Secret holds it.
        token: the service account's token, as text.
    """
    name = places.NAME
    cluster = {"server": server, "certificate-authority-data": certificate_authority}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": places.NAMESPACE}}],
        "current-context": name,
    }
    return yaml.safe_dump(content, sort_keys=False)


def known_hosts(targets: Sequence[Target]) -> str:
    """Every node's pinned host key."""
    return "".join(known_host(node.address, node.port, node.host_key) + "\n" for node in targets)
