"""Policies that select nodes, before they are in force: whom would they shut out? Errors, unless one says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal, cast

from pyinfra import host, inventory

from kubestead.cilium.change import Change
from kubestead.cilium.hostfirewall import Firewall, closing, shutting_out, unenforced
from kubestead.cilium.nodeneeds import SSH, TUNNELS, Settings
from kubestead.cilium.policy import Policy
from kubestead.errors import Finding
from kubestead.facts.policies import PolicyCluster
from kubestead.facts.sshcaller import SshCaller
from kubestead.manifests import OWNER, Manifest
from kubestead.phases.gather import fact_of
from kubestead.phases.topology import first_control_plane
from kubestead.spec import ClusterSpec

TURNED_ON = "hostFirewall.enabled"


def firewall_findings(policies: Sequence[Policy], firewall: Firewall, owner: str) -> Iterator[Finding]:
    """What a folder's policies would shut out; ``--data shut_out=true`` takes it upon oneself.

    Args:
        policies: the folder's.
        firewall: the cluster's nodes and policies.
        owner: of the folder's objects, their label's value.
    """
    found = list(unenforced(policies, firewall))
    yield from found or _unless_wanted(
        shutting_out(policies, firewall, lambda one: _owner(one) == owner, _caller(), _ports())
    )


def turned_on(spec: ClusterSpec, changes: Iterable[Change]) -> Iterator[Finding]:
    """What policies of the cluster's would shut out as a switch turns the host firewall on."""
    if not spec.cilium_host_firewall or all(change.path != TURNED_ON for change in changes):
        return
    cluster, failed = fact_of(first_control_plane(), cast(Any, PolicyCluster))
    if cluster is None:
        reason = f"the policies that select nodes cannot be asked for: {failed.reason if failed else 'no answer'}"
        yield Finding("cilium_host_firewall", reason, "try again", value=True)
        return
    settings = Settings(enabled=True, tunnel=TUNNELS.get(spec.cilium_routing, 0))
    firewall = replace(cluster.firewall, settings=settings)
    yield from _unless_wanted(closing(firewall, _caller(), _ports()))


def _owner(item: Manifest) -> str | None:
    return (item["metadata"].get("labels") or {}).get(OWNER)


def _unless_wanted(found: Iterable[Finding]) -> Iterator[Finding]:
    severity: Literal["error", "warning"] = "warning" if host.data.get("shut_out") else "error"
    for finding in found:
        fix = f"{finding.fix}; to do it all the same: --data shut_out=true"
        yield replace(finding, fix=fix if severity == "error" else finding.fix, severity=severity)


def _caller() -> str | None:
    # As the user who came, not as root: sudo does not hand this on.
    address: str | None = fact_of(first_control_plane(), SshCaller, _sudo=False)[0]
    return address


def _ports() -> dict[str, int]:
    return {node.name: int(node.data.get("ssh_port") or SSH) for node in inventory}
