"""Everything a run checks before it connects to anything, and of preflight what needs no host."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from pathlib import Path

import click
from pyinfra.api import Config, State
from pyinfra.api.host import Host
from pyinfra.api.inventory import Inventory
from pyinfra.context import ctx_config, ctx_inventory, ctx_state
from pyinfra_cli.inventory import make_inventory_from_files

from kubestead import cache, commandline
from kubestead.catalog import UNVERIFIED, Catalog
from kubestead.cilium.passwords import password_findings
from kubestead.errors import Finding, InvalidInput, KubesteadError
from kubestead.inventory import GUARDED, READING, Reading
from kubestead.phases.chart import CHART, chart_findings
from kubestead.phases.cilium import has_images
from kubestead.phases.load import spec_of
from kubestead.phases.preflight import nodes_of_inventory, placed
from kubestead.phases.sources import Sources
from kubestead.preflight.checks import run_checks
from kubestead.preflight.survey import Node, Survey
from kubestead.spec import ClusterSpec
from kubestead.spec.places import place

_OF_A_WHOLE_INVENTORY = ("inventory: control_plane", ": node address")
_UNLESS_IT_RUNS = "; a cluster that runs with it keeps it, and a run only warns"


@dataclass(frozen=True)
class Validation:
    """What was found, errors first; ``hosts`` are the inventory's names, ``said`` is its announcement.

    ``spec`` is None where it was refused.
    """

    findings: tuple[Finding, ...]
    hosts: tuple[str, ...] = ()
    said: str = ""
    spec: ClusterSpec | None = None

    @property
    def errors(self) -> int:
        """How many findings would stop a run."""
        return sum(finding.severity == "error" for finding in self.findings)


def validate(path: Path) -> Validation:
    """Check group_data, the inventory, the site file and the catalog as a run of pyinfra in this folder would.

    Args:
        path: the inventory file.
    """
    reading, inventory, findings, said = _read(path)
    hosts = [host for host in inventory or () if isinstance(host, Host)]
    spec, nodes = reading.spec, tuple(_node(*node) for node in reading.nodes)
    if inventory is not None and hosts:
        spec, wrong = spec_of(hosts)
        with ctx_inventory.use(inventory):
            nodes, unplaced = nodes_of_inventory()
        findings += [*wrong, *unplaced]
    elif not findings:
        fix = "give it the groups control_plane and workers, lists of hosts"
        findings.append(Finding(str(path), "gives no hosts", fix))
    places = (
        hosts[0].data.get("kubestead_where") or {} if hosts else reading.site.override_places if reading.site else {}
    )
    catalog, unread = _catalog(reading, hosts)
    findings += unread
    if spec:
        found = _offline_checks(spec, nodes, catalog, places)
        # A refused inventory said these itself, or did not come far enough to tell.
        findings += found if hosts else [f for f in found if not f.where.endswith(_OF_A_WHOLE_INVENTORY)]
    once = {str(finding): finding for finding in findings}.values()
    told = tuple(sorted(once, key=lambda finding: finding.severity != "error"))
    return Validation(told, tuple(host.name for host in hosts), said, spec)


def _read(path: Path) -> tuple[Reading, Inventory | None, list[Finding], str]:
    """The inventory file run as pyinfra runs it; what it prints is kept."""
    context = click.Context(click.Command("pyinfra"))
    context.params = {"inventory": str(path), "operations": ("deploys/cluster.py",)}
    context.meta[GUARDED] = Path("config.py").is_file()
    findings, inventory, printed = commandline.check_inventory_file(str(path)), None, io.StringIO()
    if not findings:
        ctx_state.set(State())  # type: ignore[no-untyped-call]
        ctx_config.set(Config())  # type: ignore[no-untyped-call]
        with context, redirect_stderr(printed), redirect_stdout(printed):
            try:
                inventory = make_inventory_from_files(str(path), cwd=str(Path.cwd()))
            except (Exception, SystemExit) as error:  # noqa: BLE001 - it runs what a person wrote
                findings.append(commandline.python_finding(path, error))
    reading = context.meta.get(READING) or Reading()
    # Where the inventory was refused, pyinfra only knows that; the reading says why.
    return reading, inventory, list(reading.findings) or findings, "" if reading.findings else printed.getvalue()


def _node(group: str, name: str, address: str) -> Node:
    return Node(name, "control_plane" if group == "control_plane" else "worker", IPv4Address(address))


def _catalog(reading: Reading, hosts: list[Host]) -> tuple[Catalog | None, list[Finding]]:
    """The catalog in force; None where it cannot be read, or nobody can tell which it is."""
    try:
        if hosts:
            return Sources.of(hosts[0]).catalog, []
        return (Sources.given(reading.site.sources.model_dump()).catalog if reading.site else None), []
    except InvalidInput as error:
        return None, list(error.findings)


def _offline_checks(
    spec: ClusterSpec, nodes: tuple[Node, ...], catalog: Catalog | None, places: Mapping[str, str]
) -> list[Finding]:
    found = run_checks(Survey(spec, nodes, (), (), catalog))
    networks = ("pod_cidr", "service_cidr", "cilium_more_pod_cidrs", "cilium_pools")
    findings = [
        replace(f, fix=f.fix + _UNLESS_IT_RUNS)
        if f.where.partition(".")[0] in networks and f.severity == "error"
        else f
        for f in found
    ]
    findings = [placed(finding, places) for finding in findings]
    findings += password_findings(spec, place("cilium_bgp", places))
    if catalog and has_images(spec, catalog):
        findings += _chart(spec, catalog, len(nodes), places)
    return findings


def _chart(spec: ClusterSpec, catalog: Catalog, nodes: int, places: Mapping[str, str]) -> list[Finding]:
    """Cilium's values, where the chart is on this machine already: here nothing is downloaded."""
    artifact = catalog.files[CHART].any or catalog.files[CHART].amd64 if CHART in catalog.files else None
    if artifact is None or artifact.sha256 == UNVERIFIED:
        return []  # the catalog's own check tells it
    if (cache.root() / "downloads" / artifact.sha256).is_file():
        try:
            return chart_findings(spec, catalog, nodes, places)
        except KubesteadError as error:
            return [Finding(f"catalog {catalog.origin}: {CHART}", str(error), "correct the catalog")]
    reason = "is not on this machine yet, so Cilium's values were not checked"
    fix = "nothing to do: a run fetches the chart and checks them before it changes anything"
    return [Finding(f"catalog {catalog.origin}: {CHART}", reason, fix, severity="warning")]
