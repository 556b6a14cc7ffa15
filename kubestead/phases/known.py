"""What is known of the hosts of this run, asked once and for all phases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast, get_args

from pyinfra.api import DeployError
from pyinfra.api.host import Host

from kubestead.catalog import Architecture
from kubestead.membership import Membership
from kubestead.phases.gather import Answer, facts_of_all, facts_of_one, on_all, once
from kubestead.preflight.model import HostInfo
from kubestead.unreachable import left_out


def host_facts(node: Host) -> HostInfo:
    """What ``node`` was like when this run began; the first time one is wanted, all hosts of the run are asked.

    Raises:
        DeployError: the host's facts could not be read.
    """
    answer = once("facts", facts_of_all).get(node.name) or once(f"facts of {node.name}", lambda: facts_of_one(node))
    if answer.info is None:
        reason = answer.failure.reason if answer.failure else "unknown"
        raise DeployError(f"{node.name}: its facts could not be read: {reason}")
    return answer.info


def facts_of(nodes: Sequence[Host]) -> dict[str, Answer]:
    """What these hosts say of themselves, by name, as known or asked now, all at once; also why one does not."""
    known = once("facts", facts_of_all)
    others = [node for node in nodes if node.name not in known and node.name not in left_out()]
    return {**{node.name: known[node.name] for node in nodes if node.name in known}, **on_all(others, facts_of_one)}


def architecture(node: Host) -> Architecture:
    """The architecture of ``node`` as the catalog names it.

    Raises:
        DeployError: it is one the catalog does not know (preflight says so before).
    """
    found = host_facts(node).architecture
    for known in get_args(Architecture):
        if found == known:
            return cast(Architecture, known)
    raise DeployError(f"{node.name}: architecture {found} is not supported; use an amd64 or arm64 machine")


def membership(node: Host) -> Membership:
    """The place of ``node`` in a cluster when this run began.

    Raises:
        DeployError: it could not be told.
    """
    known = host_facts(node).files.membership
    if known is None:
        raise DeployError(f"{node.name}: /etc/kubernetes could not be read; connect as root or with sudo")
    return known
