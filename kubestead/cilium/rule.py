"""What a rule between Cilium's choices is, and the words the rules share. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    # For types alone: the spec itself asks the rules.
    from kubestead.spec import ClusterSpec

Broken = Callable[["ClusterSpec"], bool]
REPLACE = 'write kube_proxy = "replace"'


@dataclass(frozen=True)
class Rule:
    """Choices that do not go together.

    Args:
        key: the spec's key that is refused.
        others: every other key that ``broken`` looks at.
        reason: a sentence without a full stop.
        fix: what to write.
        broken: whether a spec breaks it.
        severity: ``warning`` where it may be meant so.
    """

    key: str
    others: tuple[str, ...]
    reason: str
    fix: str
    broken: Broken
    severity: Literal["error", "warning"] = "error"


def tunnel(spec: ClusterSpec) -> bool:
    """Packets to other nodes are wrapped."""
    return spec.cilium_routing != "native"


def kept(spec: ClusterSpec) -> bool:
    """kube-proxy serves services."""
    return spec.kube_proxy == "keep"


def straight(spec: ClusterSpec) -> bool:
    """A service's answers leave from the node its pod is on."""
    return spec.cilium_lb_mode != "snat"


def extra(spec: ClusterSpec, path: str) -> Any:
    """A value of ``cilium_extra_values`` by its path (``loadBalancer.acceleration``), None where it has none."""
    return value_at(spec.cilium_extra_values, path)


def value_at(values: Any, path: str) -> Any:
    """A value of nested mappings by its path, None where there is none."""
    for key in path.split("."):
        values = values.get(key) if isinstance(values, Mapping) else None
    return values
