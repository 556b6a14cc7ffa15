"""Do Cilium's values agree with the Cilium that runs? What cannot be changed in place must, and none may get lost."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kubestead.adopt.running import RunningCluster
from kubestead.chart import ValuePath
from kubestead.cilium.change import IN_PASSING, Effect, configured
from kubestead.errors import Finding
from kubestead.merge import deep_merge
from kubestead.spec import ClusterSpec
from kubestead.spec.places import line, place

_RELEASE = re.compile(r"(\d+)\.(\d+)\.(\d+)")
FIXED = "cannot be changed in place"
NOT_IN_PASSING = "deploys/cluster.py does not change it in passing"
BY_SWITCH = "to change it: pyinfra INVENTORY deploys/cilium.py"
SHOWN = 12
POOL: ValuePath = ("ipam", "operator", "clusterPoolIPv4PodCIDRList")
MASK: ValuePath = ("ipam", "operator", "clusterPoolIPv4MaskSize")
# kube-proxy is compared by its DaemonSet.
BY_DAEMONSET = "kube-proxy-replacement"


@dataclass(frozen=True)
class _Must:
    """A value that must be ``is_now``; ``key`` is the spec's own key for it where it has one."""

    path: ValuePath
    is_now: Any
    reason: str
    key: str | None = None
    switchable: bool = False


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
    musts = [*_fixed(values, running.cilium, switching), *_pool(spec, values, running.cilium), *_lost(values, running)]
    kept: dict[str, Any] = dict(spec.cilium_extra_values)
    for must in musts:
        kept = deep_merge(kept, {} if must.key else _nested(must.path, must.is_now))
    whole_line = line("cilium_extra_values", kept, places)
    for must in musts:
        key = must.key or f"cilium_extra_values.{'.'.join(must.path)}"
        fix = line(must.key, must.is_now, places) if must.key else whole_line
        whole_line = whole_line if must.key else "it is in the line above"
        wanted = spec.model_dump()[must.key] if must.key else _get(values, must.path)
        fix = f"{fix}; {BY_SWITCH}" if must.switchable else fix
        yield Finding(place(key, places), f"the running cluster has {must.reason}", fix, value=wanted)
    yield from _changed(values, running, {must.path for must in musts}, places)


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


def _fixed(values: Mapping[str, Any], cilium: Mapping[str, str], switching: bool) -> Iterator[_Must]:
    """What the agents have by the ConfigMap cilium-config, and the values would change under running pods."""
    for row, key in configured():
        path: ValuePath = tuple(row.path.split("."))
        is_now, wanted = cilium.get(key), _get(values, path)
        never = row.effect is Effect.NEVER
        if row.effect <= IN_PASSING or (switching and not never) or key == BY_DAEMONSET:
            continue
        if is_now and wanted is not None and _written(wanted) != is_now:
            why = f"it {FIXED}" if never else NOT_IN_PASSING
            yield _Must(path, _as(wanted, is_now), f"{is_now}, and {why}", switchable=not never)


def _written(value: Any) -> str:
    """A value as the chart writes it into the ConfigMap."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _as(value: Any, text: str) -> Any:
    """What the ConfigMap has, in the form the value has."""
    if isinstance(value, bool):
        return text == "true"
    return int(text) if isinstance(value, int) and text.isdigit() else text


def _pool(spec: ClusterSpec, values: Mapping[str, Any], cilium: Mapping[str, str]) -> Iterator[_Must]:
    """The pool nodes have their parts from. It may be added to at its end, and that is all."""
    if cilium.get("ipam") != "cluster-pool":
        return
    pools = cilium.get("cluster-pool-ipv4-cidr", "").split()
    wanted = list(_get(values, POOL) or ())
    if pools and wanted[: len(pools)] != pools:
        reason = f"{' '.join(pools)}, and it {FIXED}"
        by_key = len(pools) == 1 and _get(spec.cilium_extra_values, POOL) is None
        yield _Must(POOL, pools[0], reason, "pod_cidr") if by_key else _Must(POOL, pools, reason)
    size = cilium.get("cluster-pool-ipv4-mask-size", "")
    if size.isdigit() and _get(values, MASK) not in (None, int(size)):
        by_key = _get(spec.cilium_extra_values, MASK) is None
        yield _Must(MASK, int(size), f"{size}, and it {FIXED}", "pod_cidr_mask_size" if by_key else None)


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
