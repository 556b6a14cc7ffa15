"""Preflight: the spec alone, then every host, read-only. All findings at once; one error, and nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import AddressValueError, IPv4Address

from pyinfra import host, inventory, logger, state
from pyinfra.api import DeployError
from pyinfra.api.host import Host as PyinfraHost

from kubestead.catalog import Catalog
from kubestead.errors import Finding, InvalidInput
from kubestead.membership import Membership
from kubestead.phases.gather import Answer, facts_and_probes, facts_of_all, facts_of_one, once
from kubestead.phases.sources import Sources
from kubestead.phases.topology import CONTROL_PLANE, WORKERS, group, node_address
from kubestead.preflight.checks import run_checks
from kubestead.preflight.model import ClockOffset, Host, HostInfo, Node, Role, Survey
from kubestead.preflight.network import needed_connections
from kubestead.preflight.report import report_lines, summary
from kubestead.spec import ClusterSpec, NodeSpec

ALL = "group_data/all.py"


def load_spec() -> ClusterSpec:
    """The cluster as the inventory's data gives it, checked once per run on every host's data.

    Raises:
        DeployError: something in it is wrong; every finding was printed.
    """
    spec, findings = once("spec", _read_spec)
    if spec is None:
        raise _refusal(findings)
    return spec


def preflight() -> ClusterSpec:
    """Check the whole run once, whichever host comes first, before any operation is executed.

    Returns:
        the checked spec.

    Raises:
        DeployError: there are errors; every finding was printed.
    """
    spec = load_spec()
    findings = once("preflight", lambda: _check(spec))
    if _errors(findings):
        raise _refusal(findings)
    return spec


def host_facts(node: PyinfraHost) -> HostInfo:
    """What ``node`` was like when this run began; the first time one is wanted, all hosts of the run are asked.

    Raises:
        DeployError: the host's facts could not be read.
    """
    answer = once("facts", facts_of_all).get(node.name) or once(f"facts of {node.name}", lambda: facts_of_one(node))
    if answer.info is None:
        raise DeployError(f"{node.name}: its facts could not be read: {answer.error}")
    return answer.info


def membership(node: PyinfraHost) -> Membership:
    """The place of ``node`` in a cluster when this run began.

    Raises:
        DeployError: it could not be told.
    """
    known = host_facts(node).files.membership
    if known is None:
        raise DeployError(f"{node.name}: /etc/kubernetes could not be read; connect as root or with sudo")
    return known


def _read_spec() -> tuple[ClusterSpec | None, list[Finding]]:
    """The spec, or None and what is wrong with it, printed."""
    findings: dict[str, Finding] = {}
    specs: dict[str, ClusterSpec] = {}
    for node in inventory:
        try:
            specs[node.name] = ClusterSpec.load(node.data)
        except InvalidInput as error:
            findings |= {str(finding): finding for finding in error.findings}
        try:
            NodeSpec.load(node.data, node.name)
        except InvalidInput as error:
            findings |= {str(finding): finding for finding in error.findings}
    if not findings:
        findings = {str(finding): finding for finding in _differences(specs)}
    if findings:
        _print(list(findings.values()))
    return None if findings else specs[host.name], list(findings.values())


def _differences(specs: dict[str, ClusterSpec]) -> list[Finding]:
    """Keys of the cluster whose values are not the same on every host: they were set for a group or a host."""
    findings = []
    for key in ClusterSpec.model_fields:
        values: dict[str, list[str]] = {}
        for name, spec in specs.items():
            values.setdefault(repr(getattr(spec, key)), []).append(name)
        if len(values) > 1:
            told = "; ".join(f"{value} on {', '.join(names)}" for value, names in values.items())
            findings.append(Finding(f"{ALL}: {key}", f"differs between hosts: {told}", "set it in one place, here"))
    return findings


def _check(spec: ClusterSpec) -> list[Finding]:
    """Everything there is to say of this run's hosts, printed."""
    findings = _unreachable()
    nodes, unplaced = _nodes()
    findings += unplaced
    catalog = None
    try:
        catalog = Sources.of(host).catalog
    except InvalidInput as error:
        findings += error.findings
    findings += _survey(spec, nodes, catalog)
    _print(findings)
    return findings


def _unreachable() -> list[Finding]:
    """pyinfra asks at the terminal whether to go on without a host that did not answer; this run does not."""
    missing = [node for node in inventory if state.is_host_in_limit(node) and node not in state.active_hosts]
    return [
        Finding(
            node.name,
            "cannot be reached over SSH",
            f"see why with 'ssh {node_address(node)}', or leave it out of this run with --exclude {node.name}",
        )
        for node in missing
    ]


def _nodes() -> tuple[tuple[Node, ...], list[Finding]]:
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


def _survey(spec: ClusterSpec, nodes: tuple[Node, ...], catalog: Catalog | None) -> list[Finding]:
    """Ask every host of the run, and check what they say."""
    connections = {node.name: needed_connections(node, nodes, spec) for node in nodes}
    answers, probes = facts_and_probes(connections)
    hosts = tuple(
        Host(node, answer.info, _clock(answer), probes.get(node.name))
        for node in nodes
        if (answer := answers.get(node.name)) and answer.info
    )
    findings = [
        Finding(
            f"{name}: facts",
            f"could not be read: {answer.error}",
            f"pyinfra INVENTORY fact kubestead.facts.host.HostFacts --limit {name}",
        )
        for name, answer in answers.items()
        if answer.info is None
    ]
    return findings + [_placed(finding) for finding in run_checks(Survey(spec, nodes, hosts, catalog))]


def _clock(answer: Answer) -> ClockOffset | None:
    if answer.info is None or answer.info.clock is None:
        return None
    return ClockOffset(low=answer.info.clock - answer.received, high=answer.info.clock - answer.sent)


def _placed(finding: Finding) -> Finding:
    """A finding on a key of the spec, with the place the key was written at."""
    if finding.where not in ClusterSpec.model_fields:
        return finding
    places = host.data.get("kubestead_where") or {}
    return replace(finding, where=places.get(finding.where, f"{ALL}: {finding.where}"))


def _print(findings: Sequence[Finding]) -> None:
    logger.info(f"--> Preflight: {summary(findings)}")
    for line in report_lines(findings):
        logger.info(line)


def _errors(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity == "error"]


def _refusal(findings: Sequence[Finding]) -> DeployError:
    return DeployError(f"preflight: {summary(_errors(findings))}, nothing was changed")
