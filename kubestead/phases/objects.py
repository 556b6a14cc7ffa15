"""The objects of Cilium's that stand for choices of the spec: pools, announcements, BGP."""

from __future__ import annotations

from collections.abc import Sequence

from pyinfra import host

from kubestead.cilium.objects import KEPT, KINDS, MAKERS, OWNER, cilium_objects, written_at
from kubestead.cilium.passwords import passwords
from kubestead.errors import Finding
from kubestead.facts.objects import look
from kubestead.manifests import Identity, Manifest, labelled
from kubestead.objectset import in_the_way
from kubestead.operations.objects import objects
from kubestead.phases import running
from kubestead.phases.gather import asked_of_first
from kubestead.phases.load import stop_at
from kubestead.phases.topology import WORKERS, group
from kubestead.spec import ClusterSpec


def install_objects(spec: ClusterSpec) -> None:
    """Have the objects the spec asks for and none of older ones; no operation where there are neither.

    Raises:
        DeployError: the cluster does not take one, or one's name belongs to somebody else's.
    """
    wanted = cilium_objects(spec, workers=bool(group(WORKERS)), passwords=passwords(spec))
    cluster, _ = running.ask()
    if cluster is not None and cluster.answers:
        known = cluster.own_objects or ()
        _try([one for one in wanted if str(Identity.of(one)) not in known])
    # Where the API did not answer, nobody knows whether an earlier run left any.
    may_be_there = cluster is not None and (cluster.own_objects is not None or not cluster.answers)
    if wanted or may_be_there:
        objects(name="Pools, announcements, BGP", objects=wanted, kinds=KINDS, owner=OWNER, keep=KEPT, makers=MAKERS)


def _try(new: Sequence[Manifest]) -> None:
    """End the run before anything is changed where a new object's name is taken, or the API server refuses it."""
    if not new:
        return
    _, trial = look(asked_of_first, [labelled(one, OWNER) for one in new], KINDS, OWNER)
    places = host.data.get("kubestead_where") or {}
    found = list(in_the_way(trial, OWNER, KINDS, lambda identity: written_at(identity, places), MAKERS))
    for words in trial.refused:
        found.append(Finding(f"{host.name}: the API server", f"refuses an object: {words}", "correct it as that says"))
    stop_at(found)
