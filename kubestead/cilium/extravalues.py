"""Is everything in ``cilium_extra_values`` said there and nowhere else, and in the words of today's chart? Pure.

Which options are gone: templates/validate.yaml and cilium-configmap.yaml of the chart 1.18.4, and the upgrade notes
below Documentation/operations/upgrade.rst of the same release.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kubestead.assignment import assignment, written
from kubestead.cilium.typed import TYPED, Typed
from kubestead.errors import Finding

KEY = "cilium_extra_values"
OUT = "leave it out"
GONE = "is not in the chart any more"
# No chart is nested deeper; a key of a thousand dots is no path.
DEEPEST = 20
# Paths of older charts, and what to write today.
OLD: Mapping[str, str] = {
    "enableCiliumEndpointSlice": 'write {"ciliumEndpointSlice": {"enabled": True}}',
    "ciliumEndpointSlice.sliceMode": OUT,
    **{
        f"encryption.{name}": f'write {{"encryption": {{"ipsec": {{"{name}": ...}}}}}}'
        for name in ("keyFile", "mountPath", "secretName", "interface")
    },
    "encryption.wireguard.userspaceFallback": OUT,
    "proxy.prometheus": 'write it as {"envoy": {"prometheus": ...}}',
    "clustermesh.apiserver.tls.ca": 'write it as {"tls": {"ca": ...}}',
    "hubble.tls.ca": 'write it as {"tls": {"ca": ...}}',
    "hubble.relay.dialTimeout": OUT,
    "ipam.operator.clusterPoolIPv6PodCIDR": 'write {"ipam": {"operator": {"clusterPoolIPv6PodCIDRList": [...]}}}',
    "l2NeighDiscovery.refreshPeriod": f"{OUT}: the kernel's base_reachable_time_ms says it",
    "nodePort.acceleration": 'write {"loadBalancer": {"acceleration": ...}}',
    "bpf.hostRouting": 'write {"bpf": {"hostLegacyRouting": True}}, or leave it out',
    "hostServices": 'write it as {"socketLB": ...}',
    "externalIPs": f'{OUT}: kube_proxy = "replace" brings it',
    "hostPort": f'{OUT}: kube_proxy = "replace" brings it',
    **dict.fromkeys(
        ("endpointStatus", "remoteNodeIdentity", "containerRuntime", "etcd.managed", "enableK8sEventHandover",
         "enableCnpStatusUpdates", "enableRuntimeDeviceDetection", "externalWorkloads", "highScaleIPcache"), OUT,
    ),
}  # fmt: skip


def extra_findings(values: Mapping[str, Any]) -> Iterator[Finding]:
    """Values that have a key of their own, those of older charts, and keys written with dots, each with what to write.

    Args:
        values: ``spec.cilium_extra_values``.
    """
    nested = {key: value for key, value in values.items() if "." not in key}
    told: set[str] = set()
    for path, typed in _paths():
        found = _found(nested, path)
        if found is not None and found[0] not in told:
            told.add(found[0])
            yield _typed(path, typed, nested, found)
    for path, fix in OLD.items():
        if (found := _found(nested, path)) is not None and found[0] == path:
            yield Finding(f"{KEY}.{path}", GONE, fix, value=found[1])
    for key in values.keys() - nested.keys():
        yield _dotted(key, values[key])


def _paths() -> Iterator[tuple[str, list[Typed]]]:
    """Every path with the keys that stand for it."""
    keys: dict[str, list[Typed]] = {}
    for typed in TYPED:
        for path in (*typed.paths, *typed.old):
            keys.setdefault(path, []).append(typed)
    yield from keys.items()


def _found(values: Any, path: str) -> tuple[str, Any] | None:
    """The value at a path, with the path; at the path above it where that is no mapping and so takes it away."""
    walked: list[str] = []
    for key in path.split("."):
        if not isinstance(values, Mapping):
            return ".".join(walked), values
        if key not in values:
            return None
        walked.append(key)
        values = values[key]
    return path, values


def _typed(path: str, typed: list[Typed], values: Mapping[str, Any], found: tuple[str, Any]) -> Finding:
    at, value = found
    keys = " and ".join(one.key for one in typed)
    if at != path:
        reason = f"is no mapping, and below it {path} has a key of its own, {keys}"
        return Finding(f"{KEY}.{at}", reason, OUT, value=value)
    old = any(path in one.old for one in typed) or _is_old_word(path, value)
    reason = f"{'is a form of older charts, and ' if old else ''}has a key of its own, {keys}"
    return Finding(f"{KEY}.{path}", reason, _fix(typed, values), value=value)


def _is_old_word(path: str, value: Any) -> bool:
    return path == "kubeProxyReplacement" and str(value).lower() not in ("true", "false")


def _fix(typed: list[Typed], values: Mapping[str, Any]) -> str:
    known = [(one.key, value) for one in typed if (value := one.of(values)) is not None]
    if known:
        return f"write {' and '.join(assignment(key, value) for key, value in known)} in its place"
    return next((one.hint for one in typed if one.hint), f"write {typed[0].key} in its place")


def _dotted(key: str, value: Any) -> Finding:
    nested: Any = value
    parts = key.split(".")
    for part in reversed(parts if len(parts) <= DEEPEST else [key]):
        nested = {part: nested}
    reason = "is one key with dots, as Helm's --set takes it; in values every part is a mapping of its own"
    typed = next((typed for path, typed in _paths() if path == key), None)
    fix = _fix(typed, nested) if typed else OLD.get(key) or f"write {KEY} = {written(nested)}"
    return Finding(f"{KEY}.{key}", reason, fix, value=value)
