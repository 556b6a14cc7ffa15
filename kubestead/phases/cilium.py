"""Cilium by Helm: values rendered whole from the spec and the catalog's digests."""

from __future__ import annotations

from typing import Any

import yaml
from pyinfra import host
from pyinfra.api.deploy import deploy

from kubestead.catalog import Catalog
from kubestead.cilium.change import IN_PASSING, changes
from kubestead.cilium.switching import named
from kubestead.facts.ciliumrollout import SWITCH_MARK
from kubestead.facts.files import FileTexts
from kubestead.facts.helm import Release
from kubestead.images import CILIUM, chosen_images
from kubestead.merge import deep_merge
from kubestead.operations.artifacts import Installation, install_artifacts
from kubestead.operations.helm import release
from kubestead.phases.ipseckey import have_key
from kubestead.phases.known import architecture
from kubestead.phases.sources import Sources
from kubestead.phases.topology import node_names
from kubestead.render import render
from kubestead.spec import ClusterSpec

CHART = "/var/lib/kubestead/charts/cilium.tgz"
# The images whose digests stand in the values whatever is chosen.
VALUES_IMAGES = tuple(f"{CILIUM}/{name}" for name in ("cilium", "operator-generic", "hubble-relay"))


def has_images(spec: ClusterSpec, catalog: Catalog) -> bool:
    """Whether the catalog has all that the values name; what it lacks is preflight's to tell."""
    chosen = (name for names in chosen_images(spec).values() for name in names)
    return all(name in catalog.images for name in (*VALUES_IMAGES, *chosen))


@deploy("Cilium")
def install_cilium(spec: ClusterSpec) -> None:
    """Helm and the chart from the catalog, the release, then its objects for pools, announcements and BGP."""
    catalog = Sources.of(host).catalog
    install_chart(spec, catalog)
    have_key(spec)
    values = cilium_values(spec, catalog, nodes=len(node_names()))
    release(
        name=f"Cilium {spec.cilium_version}",
        release_name="cilium",
        namespace="kube-system",
        chart=CHART,
        chart_version=spec.cilium_version,
        values=values,
        refused=lambda present: not_in_passing(present, spec.cilium_version, values, catalog),
    )
    # Here, as it asks what runs already, and that is compared with the values below.
    from kubestead.phases.objects import install_objects  # noqa: PLC0415

    install_objects(spec)


def install_chart(spec: ClusterSpec, catalog: Catalog) -> None:
    """Helm and the chart on the present host."""
    processor = architecture(host)
    helm = catalog.file("helm", processor)
    install_artifacts(
        name=f"Helm {spec.helm_version} and the chart {spec.cilium_version}",
        installations=[
            Installation("helm", helm, ((f"linux-{processor}/helm", "/usr/local/bin/helm"),)),
            Installation("cilium-chart", catalog.file("cilium-chart", processor), (("", CHART),), mode="644"),
        ],
    )


def not_in_passing(present: Release, version: str, values: dict[str, Any], catalog: Catalog) -> str | None:
    """Why ``deploys/cluster.py`` leaves a change of the release to ``deploys/cilium.py``; None where it need not.

    See docs/adr/0008.
    """
    if present.revision == 1 and present.status != "deployed":
        return None  # the first installation never ended
    switch = "do it node by node: pyinfra INVENTORY deploys/cilium.py"
    if host.get_fact(FileTexts, paths=(SWITCH_MARK,)).get(SWITCH_MARK) is not None:
        return (
            f"{host.name}: a switch of Cilium was begun and not ended; finish it: pyinfra INVENTORY deploys/cilium.py"
        )
    if present.chart_version != version:
        return f"{host.name}: Cilium {present.chart_version} runs, and an upgrade is not done in passing; {switch}"
    from kubestead.phases.chart import chart_defaults  # noqa: PLC0415  (it needs the values made here)

    defaults = chart_defaults(catalog)
    found = changes(deep_merge(defaults, present.values), deep_merge(defaults, values))
    dear = [named(change) for change in found if change.effect > IN_PASSING]
    return f"{host.name}: this is not done in passing: {'; '.join(dear)}; {switch}" if dear else None


def cilium_values(spec: ClusterSpec, catalog: Catalog, nodes: int) -> dict[str, Any]:
    """The chart's values: ``templates/cilium-values.yaml.j2`` with ``spec.cilium_extra_values`` merged over it.

    Args:
        spec: the cluster.
        catalog: gives the images' tags and digests.
        nodes: how many nodes the cluster has; the operator's two replicas may not share one.
    """
    text = render("cilium-values.yaml.j2", spec=spec, images=catalog.images, operator_replicas=min(nodes, 2))
    return deep_merge(yaml.safe_load(text), spec.cilium_extra_values)
