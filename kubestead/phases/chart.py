"""Cilium's values against its chart, before anything is touched; the chart is fetched by this machine, once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kubestead import cache
from kubestead.catalog import Artifact, Catalog
from kubestead.errors import Finding, KubesteadError
from kubestead.phases.cilium import cilium_values
from kubestead.spec import ClusterSpec
from kubestead.spec.places import place

CHART = "cilium-chart"
CHECKERS = ("chart.py", "chartvalues.py")


def chart_findings(spec: ClusterSpec, catalog: Catalog, nodes: int, places: Mapping[str, str]) -> list[Finding]:
    """What is wrong with Cilium's values, or with the chart they are for.

    Values that were found good are remembered beside the chart, so that the next run need not look at either again:
    that would take 0.3 s, most of it to load jsonschema.

    Args:
        spec: the cluster.
        catalog: gives the chart, and the images in the values.
        nodes: how many nodes the cluster has.
        places: where keys are written that are not in group_data.
    """
    values = cilium_values(spec, catalog, nodes)
    try:
        artifact = catalog.file(CHART, "amd64")
        known_good = cache.root() / "downloads" / f"{artifact.sha256}.values"
        key = _key(spec, artifact, values)
        if known_good.is_file() and known_good.read_text() == key:
            return []
        findings = _check(spec, artifact, values, places)
    except KubesteadError as error:
        fix = "Cilium's values cannot be checked without it, so make it reachable from this machine"
        return [Finding(f"catalog {catalog.origin}: {CHART}", str(error), fix)]
    if not findings:
        _remember(known_good, key)
    return findings


def _check(
    spec: ClusterSpec, artifact: Artifact, values: Mapping[str, object], places: Mapping[str, str]
) -> list[Finding]:
    # Wanted only when the values are new; jsonschema alone takes 0.2 s to load.
    from kubestead.chart import read_chart  # noqa: PLC0415
    from kubestead.chartvalues import check_values  # noqa: PLC0415

    chart = read_chart(_fetch(artifact))
    if chart.version != spec.cilium_version:
        fix = f'write cilium_version = "{chart.version}", or name a catalog with the chart {spec.cilium_version}'
        reason = f"the catalog's chart is version {chart.version} by its own Chart.yaml"
        return [Finding(place("cilium_version", places), reason, fix, value=spec.cilium_version)]
    return check_values(values, chart, spec.cilium_extra_values, place("cilium_extra_values", places))


def _fetch(artifact: Artifact) -> Path:
    from kubestead.mirror.download import Limits, fetch  # noqa: PLC0415  (wanted once)

    try:
        # A site's own mirror may be plain HTTP: the digest says whether the file is right.
        return fetch(artifact.url, artifact.sha256, Limits(attempts=2, connect_seconds=5), protocols="=http,https")
    except KubesteadError as error:
        target = cache.root() / "downloads" / artifact.sha256
        raise KubesteadError(f"{error} (the file may also be put there by hand: {target})") from error


def _key(spec: ClusterSpec, artifact: Artifact, values: Mapping[str, object]) -> str:
    package = Path(__file__).resolve().parents[1]
    written = json.dumps([values, spec.cilium_extra_values], sort_keys=True)
    return cache.content_key(artifact.sha256, spec.cilium_version, written, *(package / name for name in CHECKERS))


def _remember(path: Path, key: str) -> None:
    beside = path.with_name(f".{path.name}")
    beside.write_text(key)
    beside.replace(path)


def chart_defaults(catalog: Catalog) -> dict[str, Any]:
    """The chart's own values, which count where the spec says nothing.

    Raises:
        KubesteadError: the chart cannot be had, or is none.
    """
    from kubestead.chart import read_chart  # noqa: PLC0415

    return dict(read_chart(_fetch(catalog.file(CHART, "amd64"))).values)
