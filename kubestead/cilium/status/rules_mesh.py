"""Other clusters of the mesh: kvstoremesh mirrors what they tell, and the agents read its mirror."""

from __future__ import annotations

from collections.abc import Iterator

from kubestead.cilium.status.trouble import KUBECTL, Kind, Trouble, listed, shortened
from kubestead.cilium.status.view import View

APISERVER = "clustermesh-apiserver"
JOIN = "pyinfra INVENTORY deploys/mesh.py"
_OLD = "what was known of it stays as it was: new pods there are not reached, and packets to those that went are lost"


def mesh(view: View) -> Iterator[Trouble]:
    """Every cluster that is wanted and not connected."""
    if not view.cluster.answers or view.cluster.workloads is None:
        return
    wanted = view.wanted.clusters if view.wanted else ()
    mirrored = {one.name: one for one in view.cluster.mesh or ()}
    for name in dict.fromkeys([*wanted, *mirrored]):
        mirror = mirrored.get(name)
        if mirror is None and view.cluster.mesh is not None:
            means = "its pods and services are not known here"
            yield Trouble(Kind.CLUSTER_LOST, name, "this cluster has not taken its card", means, JOIN)
        elif mirror is None:
            then = f"{KUBECTL} describe pods --selector k8s-app={APISERVER}"
            what = f"nobody mirrors what it tells: {APISERVER} does not answer"
            yield Trouble(Kind.CLUSTER_LOST, name, what, _OLD, then, _pods(view))
        elif not mirror.ready:
            then = f"{KUBECTL} logs deployment/{APISERVER} --container kvstoremesh --tail=20"
            what = "it does not answer, or not as it should"
            yield Trouble(Kind.CLUSTER_LOST, name, what, _OLD, then, _said(mirror.status))
        elif lacking := _lacking(view, name):
            agent = view.exec(lacking[0])
            what = f"agents have not all it tells: {listed(lacking)}"
            means = "pods on these nodes do not reach all of its pods"
            yield Trouble(Kind.CLUSTER_LOST, name, what, means, f"{agent} cilium-dbg troubleshoot clustermesh")


def connected(view: View) -> str:
    """``beta: 2 of 2 agents``, for every cluster any of the agents knows."""
    agents = [host.status for host in view.hosts.values() if host.status]
    names = dict.fromkeys(one.name for status in agents for one in status.clusters)
    counts = {name: sum(one.name == name and one.ready for status in agents for one in status.clusters)
              for name in names}  # fmt: skip
    return ", ".join(f"{name}: {count} of {len(agents)} agents" for name, count in counts.items())


def _lacking(view: View, name: str) -> list[str]:
    known = {node: host.status.clusters for node, host in view.hosts.items() if host.status and not view.down(node)}
    return [node for node, clusters in known.items() if not any(one.name == name and one.ready for one in clusters)]


def _said(status: str) -> tuple[str, ...]:
    return (shortened(status),) if status else ()


def _pods(view: View) -> tuple[str, ...]:
    return tuple(f"{one.name}: {one.waiting or one.phase}" for one in view.cluster.pods or () if one.app == APISERVER)
