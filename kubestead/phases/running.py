"""The cluster that runs already on this run's first control plane, and where the spec says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network

from pyinfra import host, state
from pyinfra.api import DeployError

from kubestead.adopt import RunningCluster, compare, pools
from kubestead.catalog import Catalog
from kubestead.errors import Finding
from kubestead.facts.running_cluster import RunningClusterFacts
from kubestead.phases.cilium import cilium_values
from kubestead.phases.gather import Failure, fact_of, once
from kubestead.phases.load import errors
from kubestead.phases.sources import Sources
from kubestead.phases.topology import first_control_plane, node_names
from kubestead.spec import ClusterSpec

Asked = tuple[RunningCluster | None, Failure | None]


def ask() -> Asked:
    """What runs, asked once per run; nothing where the first control plane is no part of this run."""
    return once("running cluster", _ask)


def _ask() -> Asked:
    try:
        first = first_control_plane()
    except DeployError:
        return None, None
    return fact_of(first, RunningClusterFacts) if first in state.active_hosts else (None, None)


def running_findings(
    spec: ClusterSpec,
    catalog: Catalog,
    nodes: int,
    places: Mapping[str, str],
    asked: Asked | None = None,
    switching: bool = False,
) -> list[Finding]:
    """Where the spec says otherwise than the cluster that runs; empty where none does.

    Args:
        spec: the cluster as it should be.
        catalog: gives the images in Cilium's values.
        nodes: how many nodes the cluster has.
        places: where keys are written that are not in group_data.
        asked: what runs; as it was when this run began, unless given.
        switching: this run switches Cilium.
    """
    running, failure = asked or ask()
    if failure:
        where = f"{first_control_plane().name}: running cluster"
        return [Finding(where, f"could not be read: {failure.reason}", failure.fix)]
    if running is None:
        return []
    return compare(first_control_plane().name, spec, cilium_values(spec, catalog, nodes), running, places, switching)


def pod_networks() -> frozenset[IPv4Network] | None:
    """The networks the running cluster's pods have addresses from; None where that is not known."""
    runs, _ = ask()
    return None if runs is None else pools.pod_networks(runs)


def newly_answered(spec: ClusterSpec) -> list[Finding]:
    """The errors the preflight would have had, had the API answered by then."""
    places = host.data.get("kubestead_where") or {}
    return errors(running_findings(spec, Sources.of(host).catalog, len(node_names()), places, _ask()))


def built_elsewhere() -> bool:
    """Whether a cluster runs that somebody else built, so that its hosts' names are theirs to keep."""
    running, _ = ask()
    return running is not None and not running.built_here
