"""Labels and selectors in the agents' own form, ``k8s:app=web``. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

ANY = "any"
_POLICY = "io.cilium.k8s.policy."
NAMESPACE = "io.kubernetes.pod.namespace"


@dataclass(frozen=True, order=True)
class Label:
    """A label: where it comes from (``k8s``, ``reserved``, ``cidr``), key and value."""

    source: str
    key: str
    value: str = ""

    @classmethod
    def parse(cls, text: str) -> Label:
        """``k8s:app=web``; what has no source is ``any``'s."""
        name, _, value = text.partition("=")
        source, colon, key = name.partition(":")
        return cls(source, key, value) if colon else cls(ANY, name, value)

    def __str__(self) -> str:
        return f"{self.source}:{self.key}{f'={self.value}' if self.value else ''}"


def selects(selector: Mapping[str, Any], labels: Iterable[Label]) -> bool:
    """Whether a label selector, its keys as the agents print them (``any:app``), selects an identity's labels."""
    own = list(labels)
    wanted = (selector.get("matchLabels") or {}).items()
    every = all(value in _values(key, own) for key, value in wanted)
    return every and all(_holds(one, own) for one in selector.get("matchExpressions") or ())


def _values(key: str, labels: Iterable[Label]) -> list[str]:
    asked = Label.parse(key)
    return [one.value for one in labels if one.key == asked.key and asked.source in (ANY, one.source)]


def _holds(expression: Mapping[str, Any], labels: list[Label]) -> bool:
    values, operator = _values(expression["key"], labels), expression["operator"]
    if operator == "Exists":
        return bool(values)
    if operator == "DoesNotExist":
        return not values
    among = any(value in (expression.get("values") or ()) for value in values)
    return among if operator == "In" else not among


def policy_name(labels: Iterable[Label]) -> str:
    """The policy a rule comes from, by the rule's labels: ``CiliumNetworkPolicy shop/allow-dns``."""
    said = {one.key.removeprefix(_POLICY): one.value for one in labels if one.key.startswith(_POLICY)}
    if "name" not in said:
        return "a rule without a name"
    namespace = f"{said['namespace']}/" if said.get("namespace") else ""
    return f"{said.get('derived-from', 'policy')} {namespace}{said['name']}"
