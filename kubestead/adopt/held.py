"""What Cilium's agents have by the ConfigMap cilium-config, and the values would change under running pods. Pure.

What a change costs stands in ``kubestead/cilium/effects.yaml``; see docs/adr/0008.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kubestead.adopt.given import Must, get, nested
from kubestead.chart import ValuePath
from kubestead.cilium.change import IN_PASSING, Effect, Row, configured
from kubestead.cilium.typed import typed_for
from kubestead.merge import deep_merge
from kubestead.spec import ClusterSpec

FIXED = "cannot be changed in place"
NOT_IN_PASSING = "deploys/cluster.py does not change it in passing"
BY_SWITCH = "to change it: pyinfra INVENTORY deploys/cilium.py"
# Values that change with another choice, whose line keeps them too.
FOLLOW = {"autoDirectNodeRoutes": "cilium_routing", "enableIPv6Masquerade": "cilium_masquerade"}


def held(spec: ClusterSpec, values: Mapping[str, Any], cilium: Mapping[str, str], switching: bool) -> Iterator[Must]:
    """What runs and is not changed in passing: by its key of the spec where it has one, once.

    Args:
        spec: the cluster as it should be.
        values: the values Cilium's chart would be given, whole.
        cilium: the ConfigMap cilium-config.
        switching: this run switches Cilium, so that only what no running cluster can take is left.
    """
    runs, wanted = _as_values(values, cilium), spec.model_dump(mode="json")
    told: set[str] = set()
    for row, config in configured():
        is_now, shall_be = get(runs, _path(row)), get(values, _path(row))
        if _passed_over(row, config, spec, switching) or not cilium.get(config) or shall_be in (None, is_now):
            continue
        if FOLLOW.get(row.path) in told:
            continue
        key = None
        if typed := typed_for(row.path):
            key, is_now = typed.key, typed.of(runs)
            if key in told or is_now in (None, wanted[key]):
                continue
            told.add(key)
        never = row.effect is Effect.NEVER
        why = f"it {FIXED}" if never else NOT_IN_PASSING
        yield Must(is_now, f"{_written(is_now)}, and {why}", key, _path(row), switchable=not never)


def _passed_over(row: Row, config: str, spec: ClusterSpec, switching: bool) -> bool:
    """Done in passing, done by this run, or compared elsewhere: kube-proxy and, of two families, with kubeadm."""
    if config == "kube-proxy-replacement" or (config == "enable-ipv6" and spec.dual):
        return True
    return row.effect is not Effect.NEVER and (switching or row.effect <= IN_PASSING)


def _path(row: Row) -> ValuePath:
    return tuple(row.path.split("."))


def _as_values(values: Mapping[str, Any], cilium: Mapping[str, str]) -> dict[str, Any]:
    """The values, with what the ConfigMap says laid over them."""
    runs = dict(values)
    for row, config in configured():
        if text := cilium.get(config):
            runs = deep_merge(runs, nested(_path(row), _as(get(values, _path(row)), text)))
    return runs


def _as(value: Any, text: str) -> Any:
    """What the ConfigMap has, in the form the value has."""
    if isinstance(value, bool):
        return text == "true"
    if isinstance(value, list):
        return text.split()
    return int(text) if isinstance(value, int) and text.isdigit() else text


def _written(value: Any) -> str:
    """A value as the ConfigMap has it."""
    if isinstance(value, list):
        return " ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
