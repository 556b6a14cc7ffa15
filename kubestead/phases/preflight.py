"""Preflight: the spec alone, then every host, read-only. All findings at once; one error, and nothing is changed."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from ipaddress import AddressValueError, IPv4Address

import gevent  # type: ignore[import-untyped]
from pyinfra import host, inventory, state
from pyinfra.api.host import Host as Member
from pyinfra.connectors.ssh import SSHConnector

from kubestead.catalog import Catalog
from kubestead.cilium.passwords import password_findings
from kubestead.errors import Finding, InvalidInput
from kubestead.phases import running
from kubestead.phases.chart import chart_findings
from kubestead.phases.cilium import has_images
from kubestead.phases.foresight import Foresight
from kubestead.phases.gather import Answer, facts_and_probes, once
from kubestead.phases.known import architecture, host_facts, membership
from kubestead.phases.load import errors, load_spec, print_findings, refusal
from kubestead.phases.sources import Sources
from kubestead.phases.topology import CONTROL_PLANE, WORKERS, group, node_address
from kubestead.preflight.checks import run_checks
from kubestead.preflight.network import needed_connections
from kubestead.preflight.survey import ClockOffset, Host, Node, Role, Survey
from kubestead.spec import ClusterSpec
from kubestead.spec.places import place
from kubestead.unreachable import FLAG, left_out

UNREACHABLE = "cannot be reached over SSH"
__all__ = ["architecture", "host_facts", "load_spec", "membership", "preflight"]


def preflight(switching: bool = False) -> ClusterSpec:
    """Check the whole run once, whichever host comes first, before any operation is executed.

    Args:
        switching: this run switches Cilium, so that a spec that says otherwise than what runs may be what is wanted.

    Returns:
        the checked spec.

    Raises:
        DeployError: there are errors; every finding was printed.
    """
    spec = load_spec()
    findings = once("preflight", lambda: _check(spec, switching))
    if errors(findings):
        raise refusal(findings)
    once("foresight", _foresee)
    return spec


def _foresee() -> None:
    """Members of the cluster have, as a rule, all they need: a run is nothing but questions to them."""
    hosts = [
        node for node in state.active_hosts if isinstance(node.connector, SSHConnector) and membership(node).joined
    ]
    state.add_callback_handler(Foresight(hosts))  # type: ignore[no-untyped-call]


def _check(spec: ClusterSpec, switching: bool) -> list[Finding]:
    """Everything there is to say of this run's hosts, printed."""
    findings = _unreachable()
    unreachable = {finding.where for finding in findings}
    nodes, unplaced = nodes_of_inventory()
    findings += unplaced
    catalog = None
    try:
        catalog = Sources.of(host).catalog
    except InvalidInput as error:
        findings += error.findings
    # Asked while the hosts are; its answer is wanted after theirs.
    asking = gevent.spawn(running.ask)
    findings += _survey(spec, nodes, unreachable, catalog, asking)
    if catalog and has_images(spec, catalog):
        places = host.data.get("kubestead_where") or {}
        findings += chart_findings(spec, catalog, len(nodes), places)
        findings += running.running_findings(spec, catalog, len(nodes), places, switching=switching)
    findings += password_findings(spec, place("cilium_bgp", host.data.get("kubestead_where") or {}))
    print_findings(findings)
    return findings


def _unreachable() -> list[Finding]:
    missing = [node for node in inventory if state.is_host_in_limit(node) and node not in state.active_hosts]
    return [_left_out(node) if node.name in left_out() else _silent(node) for node in missing]


def _silent(node: Member) -> Finding:
    fix = f"see why with '{_ssh(node)}'"
    if node in group(WORKERS):
        fix += f", or go on without the workers that do not answer: --data {FLAG}=true"
    return Finding(node.name, UNREACHABLE, fix)


def _left_out(node: Member) -> Finding:
    fix = "when it is back, run the same without that; this run ends with exit code 1"
    return Finding(node.name, f"{UNREACHABLE}; left out of this run by {FLAG}", fix, severity="warning")


def _ssh(node: Member) -> str:
    """The command that goes the same way."""
    hops = [f"{hop['user']}@{hop['address']}:{hop['port']}" for hop in node.data.get("kubestead_jump") or ()]
    jump = f"-J {','.join(hops)} ".replace("None@", "") if hops else ""
    return f"ssh {jump}{node_address(node)}"


def nodes_of_inventory() -> tuple[tuple[Node, ...], list[Finding]]:
    """The inventory's nodes, and what keeps a host from being one."""
    roles: tuple[tuple[str, Role], ...] = ((CONTROL_PLANE, "control_plane"), (WORKERS, "worker"))
    nodes: dict[str, Node] = {}
    findings = []
    for group_name, role in roles:
        for member in group(group_name):
            if member.name in nodes:
                fix = "leave it in one of the groups control_plane and workers"
                findings.append(Finding(f"{member.name}: groups", "is both a control plane and a worker", fix))
                continue
            try:
                nodes[member.name] = Node(member.name, role, IPv4Address(node_address(member)))
            except AddressValueError:
                reason = "is not an IPv4 address, and the other nodes need one"
                fix = "write node_address for it in site.yaml"
                findings.append(Finding(f"{member.name}: node_address", reason, fix, value=node_address(member)))
    return tuple(nodes.values()), findings


def _survey(
    spec: ClusterSpec,
    nodes: tuple[Node, ...],
    unreachable: Container[str],
    catalog: Catalog | None,
    asking: gevent.Greenlet,
) -> list[Finding]:
    """Ask every host of the run, and check what they say."""
    active = {member.name for member in state.active_hosts}
    # A node that is left out of this run may be dead, and that must not stop it; one that is out of reach is a finding.
    peers = tuple(n for n in nodes if n.name in active or (n.role == "control_plane" and n.name not in unreachable))
    connections = {node.name: needed_connections(node, peers, spec) for node in nodes}
    answers, probes = facts_and_probes(connections)
    hosts = tuple(
        Host(node, answer.info, _clock(answer), probes.get(node.name))
        for node in nodes
        if (answer := answers.get(node.name)) and answer.info
    )
    findings = [
        Finding(
            f"{name}: facts",
            f"could not be read: {answer.failure.reason}",
            f"{answer.failure.fix}; then try: pyinfra INVENTORY fact kubestead.facts.host.HostFacts --limit {name}",
        )
        for name, answer in answers.items()
        if answer.failure
    ]
    asking.join()
    places = host.data.get("kubestead_where") or {}
    survey = Survey(spec, nodes, hosts, peers, catalog, running.pod_networks())
    return findings + [placed(finding, places) for finding in run_checks(survey)]


def _clock(answer: Answer) -> ClockOffset | None:
    if answer.info is None or answer.info.clock is None:
        return None
    return ClockOffset(low=answer.info.clock - answer.received, high=answer.info.clock - answer.sent)


def placed(finding: Finding, places: Mapping[str, str]) -> Finding:
    """A finding on a key of the spec, with the place the key was written at."""
    key = finding.where.partition(".")[0]
    # A host may be called as a key is, and a path below it is not one.
    if key not in ClusterSpec.model_fields or ":" in finding.where:
        return finding
    return replace(finding, where=place(finding.where, places))
