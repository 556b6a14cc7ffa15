"""Which network do we stand in: this machine's own, or a twin's?"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kubestead.errors import Finding, InvalidInput
from kubestead.twin.record import RECORD, TWINS

_OWN_NETWORK = Path("/proc/self/ns/net")


@dataclass(frozen=True)
class Twin:
    """A twin that is up: the inode of its network namespace, and its hosts' addresses by name."""

    name: str
    netns_inode: int
    addresses: Mapping[str, str]


def running_twins(folder: Path | None = None) -> list[Twin]:
    """The twins whose supervisor is alive.

    Args:
        folder: where twins keep their state; None for the machine's own.

    Raises:
        InvalidInput: a twin's state cannot be read: then nobody can tell which hosts an address leads to.
    """
    twins, findings = [], []
    for path in sorted((folder or TWINS).glob(f"*/{RECORD}")):
        try:
            state = json.loads(path.read_text())
            twin = Twin(str(state["name"]), int(state["netns_inode"]), dict(state["addresses"]))
            if _alive(int(state["pid"])):
                twins.append(twin)
        except FileNotFoundError:
            continue
        except (OSError, ValueError, TypeError, KeyError) as error:
            fix = f"run 'kubestead twin down --name {path.parent.name}'"
            findings.append(Finding(str(path), f"a twin's state that cannot be read ({error!r})", fix))
    if findings:
        raise InvalidInput(findings)
    return twins


def own_network() -> int | None:
    """The inode of this process's network namespace; None where there are none (not Linux)."""
    try:
        return _OWN_NETWORK.stat().st_ino
    except OSError:
        return None


def current_twin(twins: Sequence[Twin], network: int | None = None) -> Twin | None:
    """The twin in whose network namespace this process runs, or None."""
    inode = own_network() if network is None else network
    return next((twin for twin in twins if twin.netns_inode == inode), None)


def check_network(
    addresses: Collection[str], bound_to: str | None, twins: Sequence[Twin], here: Twin | None, command: str
) -> list[Finding]:
    """What speaks against connecting to ``addresses`` from here.

    Args:
        addresses: where SSH would go.
        bound_to: the twin the site file was written for, or None.
        twins: the twins that are up.
        here: the twin whose network we are in, or None.
        command: the command line to run inside a twin instead.
    """
    taken = set(addresses)
    if here and taken.intersection(here.addresses.values()):
        return []
    for twin in twins:
        if taken.intersection(twin.addresses.values()):
            reason = f"the twin {twin.name!r} is up with the same addresses, and this is not its network"
            return [Finding("the network", reason, _inside(twin.name, command))]
    if bound_to and (here is None or here.name != bound_to):
        reason = f"the site file was written for the twin {bound_to!r}, and this is not its network"
        return [Finding("the network", reason, _inside(bound_to, command))]
    return []


def _inside(name: str, command: str) -> str:
    option = "" if name == "default" else f" --name {name}"
    return f"run 'kubestead twin exec{option} -- {command}', or take the twin down"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
