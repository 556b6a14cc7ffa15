"""What somebody gave Cilium's Helm release by hand: what the first run would drop of it, and change. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kubestead.adopt.running import RunningCluster
from kubestead.chart import ValuePath
from kubestead.cilium.typed import TYPED
from kubestead.errors import Finding
from kubestead.merge import deep_merge
from kubestead.spec import ClusterSpec
from kubestead.spec.places import place

SHOWN = 12
TYPED_PATHS = frozenset(path for typed in TYPED for path in typed.paths)
# What the cluster itself says of these counts, not what the release was given: kubestead.adopt.cilium and compare.
SAID_ELSEWHERE = frozenset(
    ("cilium_routing", "cilium_ipam", "pod_cidr", "cilium_more_pod_cidrs", "pod_cidr_mask_size", "kube_proxy")
) | {"dns_domain"}


@dataclass(frozen=True)
class Must:
    """A value that must be ``is_now``: of the spec's own ``key`` where there is one, else of the chart's ``path``.

    ``hint`` is what to do where no line says it; ``switchable`` what ``deploys/cilium.py`` can change.
    """

    is_now: Any
    reason: str
    key: str | None = None
    path: ValuePath = ()
    hint: str = ""
    switchable: bool = False


def lost(spec: ClusterSpec, values: Mapping[str, Any], running: RunningCluster) -> Iterator[Must]:
    """Values given by hand of which the spec says something else, or nothing: an upgrade would drop them."""
    if running.record is None or running.cilium_kept_here:
        return
    defaults = running.record.defaults
    given = {
        path: is_now for path, is_now in _leaves(running.record.values) if is_now not in (None, get(defaults, path))
    }
    before, wanted = deep_merge(defaults, running.record.values), spec.model_dump(mode="json")
    below = _dotted(given)
    for typed in TYPED:
        if typed.key in SAID_ELSEWHERE or below.isdisjoint(typed.paths):
            continue
        is_now = typed.of(before)
        if is_now is None and not wanted[typed.key] and typed.hint:
            yield Must(True, "it, given by hand, and this run would turn it off", typed.key, hint=typed.hint)
        elif is_now is not None and wanted[typed.key] != is_now:
            reason = f"{is_now!r}, given by hand; change it once kubestead looks after the cluster"
            yield Must(is_now, reason, typed.key)
    for path, is_now in given.items():
        if TYPED_PATHS.isdisjoint(_dotted([path])) and not _has(values, path):
            yield Must(is_now, f"{is_now!r}, which this run would set back to the chart's own value", path=path)


def _dotted(paths: Iterable[ValuePath]) -> set[str]:
    """Paths, each with those above it."""
    return {".".join(path[:end]) for path in paths for end in range(1, len(path) + 1)}


def changed(
    values: Mapping[str, Any], running: RunningCluster, musts: Collection[Must], places: Mapping[str, str]
) -> Iterator[Finding]:
    """What the first run on a release of somebody else's changes knowingly: told once, before it happens."""
    if running.record is None or running.cilium_kept_here:
        return
    defaults, before = running.record.defaults, deep_merge(running.record.defaults, running.record.values)
    keys, told = {must.key for must in musts}, {must.path for must in musts}
    told |= {tuple(path.split(".")) for typed in TYPED if typed.key in keys for path in typed.paths}
    changes = [
        f"{'.'.join(path)} from {get(before, path)!r} to {value!r}"
        for path, value in _leaves(deep_merge(defaults, values))
        # Which image runs is the catalog's business; what the chart leaves open was nobody's choice.
        if path not in told and path[-2:-1] != ("image",) and get(before, path) not in (value, None, "")
    ]
    if changes:
        more = f", and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
        reason = f"this run gives Cilium kubestead's values: {', '.join(changes[:SHOWN])}{more}"
        fix = "to keep one as it is, write its key of group_data, or what has none there; --dry changes nothing"
        yield Finding(place("cilium_extra_values", places), reason, fix, severity="warning")


def _leaves(values: Mapping[str, Any], above: ValuePath = ()) -> Iterator[tuple[ValuePath, Any]]:
    for key, value in values.items():
        path = (*above, str(key))
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, path)
        else:
            yield path, value


def get(values: Any, path: ValuePath) -> Any:
    """A value of nested mappings, None where there is none."""
    for key in path:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values


def _has(values: Any, path: ValuePath) -> bool:
    above = get(values, path[:-1])
    return isinstance(above, Mapping) and path[-1] in above


def nested(path: ValuePath, value: Any) -> dict[str, Any]:
    """Nested mappings with this value at this path."""
    for key in reversed(path):
        value = {key: value}
    return dict(value)
