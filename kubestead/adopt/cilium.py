"""Do Cilium's values agree with the Cilium that runs? What cannot be changed in place must, and none may get lost."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubestead.adopt.pools import as_values, running_pools, wanted_pools
from kubestead.adopt.running import RunningCluster
from kubestead.chart import ValuePath
from kubestead.errors import Finding
from kubestead.merge import deep_merge
from kubestead.netplan import PoolChange, check_pool_change
from kubestead.spec import ClusterSpec
from kubestead.spec.places import line, place

_RELEASE = re.compile(r"(\d+)\.(\d+)\.(\d+)")
FIXED = "cannot be changed in place"
SHOWN = 12
# Where the chart has what the spec's keys say.
POOL: ValuePath = ("ipam", "operator", "clusterPoolIPv4PodCIDRList")
POOL_PATHS: dict[str, ValuePath] = {
    "pod_cidr": POOL,
    "cilium_more_pod_cidrs": POOL,
    "pod_cidr_mask_size": ("ipam", "operator", "clusterPoolIPv4MaskSize"),
    "cilium_pools": ("ipam", "operator", "autoCreateCiliumPodIPPools"),
}
# A key of the ConfigMap cilium-config, which is what the agents really use, and the chart's value behind it. To change
# one under running pods cuts them off: docs.cilium.io on cluster-pool IPAM, routing and cluster names.
IMMUTABLE: tuple[tuple[str, ValuePath], ...] = (
    ("ipam", ("ipam", "mode")),
    ("routing-mode", ("routingMode",)),
    ("tunnel-protocol", ("tunnelProtocol",)),
    ("cluster-name", ("cluster", "name")),
)


@dataclass(frozen=True)
class _Must:
    """A value that must be ``is_now``; ``key`` is the spec's own key for it where it has one."""

    path: ValuePath
    is_now: Any
    reason: str
    key: str | None = None


def cilium_findings(
    spec: ClusterSpec, values: Mapping[str, Any], running: RunningCluster, places: Mapping[str, str]
) -> Iterator[Finding]:
    """What the values would change that has to stay; the arguments are those of :func:`kubestead.adopt.compare`."""
    if running.cilium is None:
        return
    yield from _version(spec, running, places)
    changes = check_pool_change(running_pools(running), wanted_pools(values))
    for change in changes:
        if change.do:
            reason = f"the running cluster has {change.reason}"
            yield Finding(place(change.key, places), reason, change.do, severity="warning")
    pool = _pool(spec, running, changes)
    musts = [*_fixed(values, running.cilium), *pool, *_lost(values, running)]
    kept: dict[str, Any] = dict(spec.cilium_extra_values)
    for must in musts:
        kept = deep_merge(kept, {} if must.key else _nested(must.path, must.is_now))
    whole_line = line("cilium_extra_values", kept, places)
    for must in musts:
        key = must.key or f"cilium_extra_values.{'.'.join(must.path)}"
        fix = line(must.key, must.is_now, places) if must.key else whole_line
        whole_line = whole_line if must.key else "it is in the line above"
        wanted = spec.model_dump()[must.key] if must.key else _get(values, must.path)
        yield Finding(place(key, places), f"the running cluster has {must.reason}", fix, value=wanted)
    yield from _changed(values, running, {must.path for must in musts}, places)


def _version(spec: ClusterSpec, running: RunningCluster, places: Mapping[str, str]) -> Iterator[Finding]:
    """Cilium is upgraded one minor release at a time and never turned back: docs.cilium.io, upgrade guide."""
    version, found = running.cilium_version or "", _RELEASE.match(running.cilium_version or "")
    wanted = _RELEASE.match(spec.cilium_version)
    if version == spec.cilium_version or found is None or wanted is None:
        return
    is_now, shall_be = (tuple(map(int, match.groups())) for match in (found, wanted))
    if is_now < shall_be <= (is_now[0], is_now[1] + 1, sys.maxsize):
        return
    reason = f"runs {version}; Cilium goes forward, one minor release at a time"
    fix = line("cilium_version", version, places)
    yield Finding(place("cilium_version", places), f"the running cluster {reason}", fix, value=spec.cilium_version)


def _fixed(values: Mapping[str, Any], cilium: Mapping[str, str]) -> Iterator[_Must]:
    for key, path in IMMUTABLE:
        is_now = cilium.get(key)
        if is_now and _get(values, path) not in (None, is_now):
            yield _Must(path, is_now, f"{is_now}, and it {FIXED}")


def _pool(spec: ClusterSpec, running: RunningCluster, changes: Sequence[PoolChange]) -> Iterator[_Must]:
    """What of the pools would change that cannot, by the spec's own key unless the chart's value is written itself."""
    for change in changes:
        pools = running_pools(running)
        path = POOL_PATHS["cilium_pools" if pools.ipam == "multi-pool" else change.key]
        if change.do:
            continue
        if _get(spec.cilium_extra_values, path) is None:
            yield _Must(path, change.keep, change.reason, change.key)
        else:
            yield _Must(path, _get(as_values(pools), path), change.reason)


def _lost(values: Mapping[str, Any], running: RunningCluster) -> Iterator[_Must]:
    """Values somebody gave the release by hand and nothing here says anything of: an upgrade would drop them."""
    if running.record is None or running.cilium_kept_here:
        return
    for path, is_now in _leaves(running.record.values):
        if not _has(values, path) and is_now not in (None, _get(running.record.defaults, path)):
            yield _Must(path, is_now, f"{is_now!r}, which this run would set back to the chart's own value")


def _changed(
    values: Mapping[str, Any], running: RunningCluster, told: set[ValuePath], places: Mapping[str, str]
) -> Iterator[Finding]:
    """What the first run on a release of somebody else's changes knowingly: told once, before it happens."""
    if running.record is None or running.cilium_kept_here:
        return
    defaults, before = running.record.defaults, deep_merge(running.record.defaults, running.record.values)
    changes = [
        f"{'.'.join(path)} from {_get(before, path)!r} to {value!r}"
        for path, value in _leaves(deep_merge(defaults, values))
        # Which image runs is the catalog's business; what the chart leaves open was nobody's choice.
        if path not in told and path[-2:-1] != ("image",) and _get(before, path) not in (value, None, "")
    ]
    if changes:
        more = f", and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
        reason = f"this run gives Cilium kubestead's values: {', '.join(changes[:SHOWN])}{more}"
        fix = "to keep one as it is, write it there; --dry changes nothing"
        yield Finding(place("cilium_extra_values", places), reason, fix, severity="warning")


def _leaves(values: Mapping[str, Any], above: ValuePath = ()) -> Iterator[tuple[ValuePath, Any]]:
    for key, value in values.items():
        path = (*above, str(key))
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, path)
        else:
            yield path, value


def _get(values: Any, path: ValuePath) -> Any:
    for key in path:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values


def _has(values: Any, path: ValuePath) -> bool:
    above = _get(values, path[:-1])
    return isinstance(above, Mapping) and path[-1] in above


def _nested(path: ValuePath, value: Any) -> dict[str, Any]:
    for key in reversed(path):
        value = {key: value}
    return dict(value)
