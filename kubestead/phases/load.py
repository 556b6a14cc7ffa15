"""The cluster's spec, as this run's inventory and group data give it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyinfra import inventory, logger
from pyinfra.api import DeployError
from pyinfra.api.host import Host

from kubestead.errors import Finding, InvalidInput
from kubestead.phases.gather import once
from kubestead.phases.run import begin_run
from kubestead.preflight.report import report_lines, summary
from kubestead.record.cluster import cluster_facts
from kubestead.record.redact import redact
from kubestead.runrecord import record
from kubestead.spec import ClusterSpec, NodeSpec

ALL = "group_data/all.py"


def load_spec() -> ClusterSpec:
    """The cluster as the inventory's data gives it, checked once per run on every host's data.

    Raises:
        DeployError: something in it is wrong; every finding was printed.
    """
    begin_run()
    spec, findings = once("spec", lambda: _told(spec_of(inventory)))
    if spec is None:
        raise refusal(findings)
    return once("told", lambda: _tell(spec))


def print_findings(findings: Sequence[Finding]) -> None:
    """Print findings where pyinfra prints, which is stderr, and record them."""
    keys = ("where", "reason", "fix", "severity")
    record(findings=[{key: redact(getattr(finding, key)) for key in keys} for finding in findings])
    logger.info(f"--> Preflight: {summary(findings)}")
    for line in report_lines(findings):
        logger.info(line)


def errors(findings: Sequence[Finding]) -> list[Finding]:
    """Those that stop the run."""
    return [finding for finding in findings if finding.severity == "error"]


def refusal(findings: Sequence[Finding]) -> DeployError:
    """The one line the run ends with."""
    return DeployError(f"preflight: {summary(errors(findings))}, nothing was changed")


def stop_at(findings: Iterable[Finding]) -> None:
    """Print what there is to say, and stop the run where any of it is an error.

    Raises:
        DeployError: it is.
    """
    found = list(findings)
    if found:
        print_findings(found)
    if wrong := errors(found):
        raise refusal(wrong)


Read = tuple[ClusterSpec | None, list[Finding]]


def _tell(spec: ClusterSpec) -> ClusterSpec:
    record(cluster=cluster_facts(spec))
    return spec


def _told(read: Read) -> Read:
    if read[1]:
        print_findings(read[1])
    return read


def spec_of(nodes: Iterable[Host]) -> Read:
    """The spec as the data of every host gives it, or None, and what is wrong with that data."""
    findings: dict[str, Finding] = {}
    specs: dict[str, ClusterSpec] = {}
    for node in nodes:
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
    return None if findings else next(iter(specs.values()), None), list(findings.values())


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
