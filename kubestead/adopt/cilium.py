"""Do Cilium's values agree with the Cilium that runs? What is not changed in passing must, and none may get lost."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from kubestead.adopt.given import Must, changed, get, lost, nested
from kubestead.adopt.held import BY_SWITCH, FIXED, held
from kubestead.adopt.pools import running_pools, wanted_pools
from kubestead.adopt.running import RunningCluster
from kubestead.errors import Finding, InvalidInput
from kubestead.merge import deep_merge
from kubestead.netplan import PoolChange, check_pool_change
from kubestead.spec import ClusterSpec
from kubestead.spec.loading import check_values
from kubestead.spec.places import line, place

_RELEASE = re.compile(r"(\d+)\.(\d+)\.(\d+)")


def cilium_findings(
    spec: ClusterSpec,
    values: Mapping[str, Any],
    running: RunningCluster,
    places: Mapping[str, str],
    switching: bool = False,
) -> Iterator[Finding]:
    """What the values would change that has to stay; the arguments are those of :func:`kubestead.adopt.compare`."""
    if running.cilium is None:
        return
    yield from _version(spec, running, places, switching)
    changes = check_pool_change(running_pools(running), wanted_pools(values))
    musts = _musts(spec, values, running, changes, switching)
    unsayable = _unsayable(spec, running, musts)
    if switching:
        musts = [must for must in musts if must.key not in unsayable]
    kept: dict[str, Any] = dict(spec.cilium_extra_values)
    for must in musts:
        kept = deep_merge(kept, {} if must.key else nested(must.path, must.is_now))
    whole_line = line("cilium_extra_values", kept, places)
    for must in musts:
        key = must.key or f"cilium_extra_values.{'.'.join(must.path)}"
        fix = _line(must, must.key, places) if must.key else whole_line
        fix = f"{fix}; {BY_SWITCH}" if must.switchable else fix
        if must.key in unsayable:
            fix = f"it cannot be kept, as it {unsayable[must.key]}; {BY_SWITCH}"
        whole_line = whole_line if must.key else "it is in the line above"
        wanted = spec.model_dump(mode="json")[must.key] if must.key else get(values, must.path)
        yield Finding(place(key, places), f"the running cluster has {must.reason}", fix, value=wanted)
    yield from changed(values, running, musts, places)


def _musts(
    spec: ClusterSpec,
    values: Mapping[str, Any],
    running: RunningCluster,
    pools: list[PoolChange],
    switching: bool,
) -> list[Must]:
    """Each key once. What was given by hand is taken over first, and switched afterwards."""
    cilium = running.cilium or {}
    by_hand = list(lost(spec, values, running))
    first = {must.key for must in by_hand if must.key}
    musts = [must for must in held(spec, values, cilium, switching) if not (must.switchable and must.key in first)]
    musts += _pool_v6(spec, cilium)
    musts += [Must(change.keep, change.reason, change.key) for change in pools]
    told = {must.key for must in musts if must.key}
    return musts + [must for must in by_hand if must.key not in told]


def _unsayable(spec: ClusterSpec, running: RunningCluster, musts: list[Must]) -> dict[str, str]:
    """Keys whose value runs and no spec can have beside the others that run, each with why: Cilium passes over it."""
    kept = {must.key: must.is_now for must in musts if must.key and not must.hint}
    kept["kube_proxy"] = "keep" if running.kube_proxy else "replace"
    try:
        ClusterSpec.load({**spec.model_dump(mode="json"), **kept}, {})
    except InvalidInput as error:
        found = {finding.where.rpartition(" ")[2].partition(".")[0]: finding.reason for finding in error.findings}
        # What is wrong by itself is told with its line.
        return {key: why for key, why in found.items() if key in kept and not check_values({key: kept[key]}, {})}
    return {}


def _line(must: Must, key: str, places: Mapping[str, str]) -> str:
    """The line that agrees with the cluster, if the spec can take one."""
    if must.hint:
        return must.hint
    wrong = check_values({key: must.is_now}, {})
    cannot = f"kubestead cannot look after this cluster: {key} {must.is_now} {wrong[0].reason}" if wrong else ""
    return cannot or line(key, must.is_now, places)


def _version(
    spec: ClusterSpec, running: RunningCluster, places: Mapping[str, str], switching: bool
) -> Iterator[Finding]:
    """Cilium is upgraded one minor release at a time and never turned back: docs.cilium.io, upgrade guide."""
    version, found = running.cilium_version or "", _RELEASE.match(running.cilium_version or "")
    wanted = _RELEASE.match(spec.cilium_version)
    if version == spec.cilium_version or found is None or wanted is None:
        return
    is_now, shall_be = (tuple(map(int, match.groups())) for match in (found, wanted))
    fix = line("cilium_version", version, places)
    if is_now < shall_be <= (is_now[0], is_now[1] + 1, sys.maxsize):
        if switching:
            return
        reason, fix = f"runs {version}, and an upgrade is not done in passing", f"{fix}; {BY_SWITCH}"
    else:
        reason = f"runs {version}; Cilium goes forward, one minor release at a time"
    yield Finding(place("cilium_version", places), f"the running cluster {reason}", fix, value=spec.cilium_version)


def _pool_v6(spec: ClusterSpec, cilium: Mapping[str, str]) -> Iterator[Must]:
    if cilium.get("ipam") != "cluster-pool":
        return
    pool_v6 = cilium.get("cluster-pool-ipv6-cidr", "").split()
    if spec.dual and pool_v6 and pool_v6[0] != str(spec.pod_cidr_v6):
        yield Must(pool_v6[0], f"{pool_v6[0]}, and it {FIXED}", "pod_cidr_v6")
    size_v6 = cilium.get("cluster-pool-ipv6-mask-size", "")
    if spec.dual and size_v6.isdigit() and spec.pod_cidr_v6_mask_size != int(size_v6):
        yield Must(int(size_v6), f"{size_v6}, and it {FIXED}", "pod_cidr_v6_mask_size")
