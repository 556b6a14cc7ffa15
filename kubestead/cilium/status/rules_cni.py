"""Files in /etc/cni/net.d: containerd takes the first by name, whoever left it there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from kubestead.cilium.status.trouble import KUBECTL, Kind, Trouble, listed
from kubestead.cilium.status.view import View

FOLDER, OWN, PLUGIN, ASIDE = "/etc/cni/net.d", "05-cilium.conflist", "cilium-cni", ".cilium_bak"
SUFFIXES = (".conf", ".conflist", ".json")


def cni(view: View) -> Iterator[Trouble]:
    """Everything that is wrong with them."""
    for node, host in view.hosts.items():
        if host.cni_files is not None:
            yield from _files(view, node, host.cni_files)


def _files(view: View, node: str, files: Mapping[str, str]) -> Iterator[Trouble]:
    used = sorted(name for name in files if name.endswith(SUFFIXES))
    if not used:
        # An agent that does not run has not written it yet, or took it away as it went.
        if not view.down(node) and node not in view.without_network:
            then = f"{KUBECTL} delete pod {view.agents[node].name}" if node in view.agents else "kubestead doctor"
            means = "new pods on it get no network, and the node is not Ready"
            yield Trouble(Kind.CNI_MISSING, node, f"there is no CNI configuration in {FOLDER}", means, then)
        return
    first = used[0]
    if PLUGIN not in (plugins := _plugins(files[first])):
        named = listed(plugins) or "nothing that can be read"
        seen = [f"{FOLDER}/{first} names {named}"]
        seen += [f"Cilium's own {name} comes after it" for name in used[1:] if PLUGIN in _plugins(files[name])][:1]
        what = f"{first} is the first CNI configuration, and not Cilium's"
        means = "new pods on it are attached by that plugin: no policies, and addresses nobody else knows"
        then = f"on {node}: sudo chattr -i {FOLDER}/{first}; sudo rm {FOLDER}/{first}"
        yield Trouble(Kind.CNI_FOREIGN, node, what, means, then, tuple(seen))
    elif others := [name for name in used[1:] if PLUGIN not in _plugins(files[name])]:
        means = f"it would be used as soon as {first} is gone"
        then = f"on {node}: sudo rm {' '.join(f'{FOLDER}/{name}' for name in others)}"
        yield Trouble(Kind.CNI_FOREIGN, node, f"{listed(others)} stands beside {first}", means, then, (), "warning")
    if aside := sorted(name for name in files if name.endswith(ASIDE)):
        means = "another network plugin was installed there, or still is and brings it back; Cilium's is in use"
        then = f"on {node}: sudo rm {' '.join(f'{FOLDER}/{name}' for name in aside)}"
        yield Trouble(Kind.CNI_SET_ASIDE, node, f"Cilium set {listed(aside)} aside", means, then, (), "warning")


def _plugins(text: str) -> list[str]:
    """The plugins a configuration names; none where it cannot be read."""
    try:
        data: Any = json.loads(text)
        return [str(one["type"]) for one in data.get("plugins", [data])]
    except (ValueError, LookupError, TypeError, AttributeError):
        return []
