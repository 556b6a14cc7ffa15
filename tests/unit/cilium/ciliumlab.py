"""A healthy cluster of three as the twin's agents, hosts and API told it (``data/``), and changes to it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from kubestead.cilium.status.agent import HealthPath
from kubestead.cilium.status.model import NodeObject, Pod
from kubestead.cilium.status.objects import cluster_view
from kubestead.cilium.status.report import report
from kubestead.cilium.status.said import host_view
from kubestead.cilium.status.view import View
from kubestead.cilium.status.wanted import wanted
from kubestead.spec import ClusterSpec

DATA = Path(__file__).with_name("data")
CP, W1, W2 = NODES = ("k8s-cp", "k8s-worker1", "k8s-worker2")


def lines(name: str) -> list[str]:
    """A recorded answer."""
    return (DATA / f"{name}.txt").read_text().splitlines()


@cache
def well() -> View:
    """The cluster as it was recorded."""
    return View(cluster_view(lines("cluster")), {node: host_view(lines(node)) for node in NODES}, wanted(ClusterSpec()))


def host(node: str, view: View | None = None, **changes: Any) -> View:
    """With another answer of one host."""
    view = view or well()
    return replace(view, hosts={**view.hosts, node: replace(view.hosts[node], **changes)})


def status(node: str, view: View | None = None, **changes: Any) -> View:
    """With another status of one agent."""
    view = view or well()
    found = view.hosts[node].status
    assert found
    return host(node, view, status=replace(found, **changes))


def every(view: View | None = None, **changes: Any) -> View:
    """With another status of every agent."""
    view = view or well()
    for node in view.hosts:
        view = status(node, view, **changes)
    return view


def cluster(view: View | None = None, **changes: Any) -> View:
    """With another answer of the API."""
    view = view or well()
    return replace(view, cluster=replace(view.cluster, **changes))


def config(view: View | None = None, **changes: str) -> View:
    """With other settings, in the ConfigMap and with the agents; ``_`` stands for ``-``."""
    view = view or well()
    new = {key.replace("_", "-"): value for key, value in changes.items()}
    for node, one in view.hosts.items():
        view = host(node, view, settings={**(one.settings or {}), **new})
    return cluster(view, config={**(view.cluster.config or {}), **new})


def node(name: str, view: View | None = None, **changes: Any) -> View:
    """With another Node."""
    view = view or well()
    return cluster(
        view, nodes=tuple(replace(one, **changes) if one.name == name else one for one in view.cluster.nodes or ())
    )


def cilium_node(name: str, view: View | None = None, **changes: Any) -> View:
    """With another CiliumNode."""
    view = view or well()
    found = view.cluster.cilium_nodes or ()
    return cluster(view, cilium_nodes=tuple(replace(one, **changes) if one.name == name else one for one in found))


def pods(app: str, view: View | None = None, on: str = "", **changes: Any) -> View:
    """With other pods of an app, or the one on a node."""
    view = view or well()
    found = view.cluster.pods or ()
    return cluster(view, pods=tuple(
        replace(one, **changes) if one.app == app and on in ("", one.node) else one for one in found
    ))  # fmt: skip


def workloads(view: View | None = None, **changes: Any) -> View:
    """With other counts; ``_`` stands for ``-``, None for a workload that is not there."""
    view = view or well()
    new = {**(view.cluster.workloads or {}), **{key.replace("_", "-"): value for key, value in changes.items()}}
    return cluster(view, workloads={key: value for key, value in new.items() if value})


def silent(pairs: set[tuple[str, str]], *kinds: str, view: View | None = None) -> View:
    """Where the one gets no answer from the other."""
    view = view or well()
    for asking, other in pairs:
        probes = dict(view.hosts[asking].probes)
        for path in view.hosts[asking].paths or ():
            if path.node == other and path.kind in kinds:
                probes[path.address] = "silent"
        view = host(asking, view, probes=probes)
    return view


def around(*ill: str, view: View | None = None) -> set[tuple[str, str]]:
    """Each of these with every other node, both ways."""
    names = list((view or well()).hosts)
    return {(a, b) for a in names for b in names if a != b and {a, b} & {*ill}}


def large(count: int) -> View:
    """A cluster of so many healthy nodes."""
    first = well().hosts[W1]
    names = [f"node-{number}" for number in range(count)]
    paths = tuple(
        HealthPath(name, kind, f"10.{second}.0.{number}", "", "", "now")
        for number, name in enumerate(names)
        for second, kind in ((0, "node"), (1, "endpoint"))
    )
    probes = {path.address: "open" for path in paths}
    hosts = {name: replace(first, node=name, paths=paths, probes=probes) for name in names}
    api = replace(
        well().cluster,
        nodes=tuple(NodeObject(name, "True") for name in names),
        cilium_nodes=(),
        pods=tuple(Pod(f"cilium-{name}", "cilium", name, "Running", True) for name in names),
        relay=None,
    )
    return View(api, hosts, well().wanted)


def told(view: View, severity: str = "error") -> set[tuple[str, str]]:
    """What is wrong by kind, and where."""
    return {(str(one.kind), one.where) for one in report(view).troubles if one.severity == severity}
