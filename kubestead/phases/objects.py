"""The objects of Cilium's that stand for choices of the spec: pools, announcements, BGP."""

from __future__ import annotations

from kubestead.cilium.objects import KEPT, KINDS, OWNER, cilium_objects
from kubestead.cilium.passwords import passwords
from kubestead.operations.objects import objects
from kubestead.phases import running
from kubestead.phases.topology import WORKERS, group
from kubestead.spec import ClusterSpec


def install_objects(spec: ClusterSpec) -> None:
    """Have the objects the spec asks for and none of older ones; no operation where there are neither."""
    wanted = cilium_objects(spec, workers=bool(group(WORKERS)), passwords=passwords(spec))
    if wanted or _may_be_there():
        objects(name="Pools, announcements, BGP", objects=wanted, kinds=KINDS, owner=OWNER, keep=KEPT)


def _may_be_there() -> bool:
    """Whether an earlier run left any; where the API did not answer, nobody knows."""
    cluster, _ = running.ask()
    return cluster is not None and (cluster.own_objects or not cluster.answers)
