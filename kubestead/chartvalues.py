"""Are these values ones the chart knows? Helm itself takes any key it does not know without a word. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema.exceptions import ValidationError
from jsonschema.validators import validator_for

from kubestead.chart import Chart, ValuePath
from kubestead.errors import Finding
from kubestead.validation import nearest

TEMPLATE = "templates/cilium-values.yaml.j2"
UNKNOWN = "the chart has no such value"
_TYPES = {
    "boolean": "true or false", "integer": "a whole number", "number": "a number", "string": "text in quotes",
    "array": "a list", "object": "a mapping", "null": "nothing",
}  # fmt: skip


def check_values(values: Mapping[str, Any], chart: Chart, own: Mapping[str, Any], place: str) -> list[Finding]:
    """Keys the chart does not know, each with the nearest it does, and values its schema refuses.

    A key is known when it stands in the chart's values.yaml or schema, or when its templates read it (options such as
    Cilium's ``devices`` are in the templates only). Below a mapping that is empty in values.yaml, or that the templates
    hand to Kubernetes whole, any key is good.

    Args:
        values: what Helm will be given, whole.
        chart: the chart it will be given to.
        own: the part of it the person wrote (``spec.cilium_extra_values``).
        place: where they wrote it (``group_data/all.py: cilium_extra_values``).
    """

    def where(path: ValuePath) -> str:
        return f"{place}.{'.'.join(path)}" if _holds(own, path) else f"{TEMPLATE}: {'.'.join(path)}"

    known = _Known(chart)
    unknown = dict(known.unknown(values))
    findings = [
        Finding(where(path), "the chart has no such value", known.advice(path, value))
        for path, value in unknown.items()
    ]
    for path, error in _violations(_without_nothing(values), chart):
        if path not in unknown:
            findings.append(Finding(where(path), _reason(error), _fix(path, chart), value=error.instance))
    return findings


class _Known:
    """Everything the chart knows, as a tree; an empty mapping in it takes anything."""

    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        self._tree: dict[str, Any] = _tree_of_values(chart.values)
        _add_schema(self._tree, chart.schema)
        for path in chart.read:
            _add_path(self._tree, path)
        self._paths: dict[ValuePath, Mapping[str, Any]] = dict(_walk(self._tree))

    def unknown(self, values: Mapping[str, Any]) -> Iterator[tuple[ValuePath, object]]:
        """The uppermost keys of ``values`` that the chart does not know, each with its value."""
        yield from self._unknown(values, self._tree, ())

    def _unknown(
        self, values: Mapping[str, Any], tree: Mapping[str, Any], above: ValuePath
    ) -> Iterator[tuple[ValuePath, object]]:
        for key, value in values.items():
            path = (*above, str(key))
            if key not in tree:
                yield path, value
            elif isinstance(value, Mapping) and tree[key] and path not in self._chart.handed_over:
                yield from self._unknown(value, tree[key], path)

    def advice(self, path: ValuePath, value: object) -> str:
        """The nearest known path: beside the key, else the same key elsewhere with what stands below it."""
        siblings = {known[-1]: below for known, below in self._paths.items() if known[:-1] == path[:-1]}
        if guess := nearest(path[-1], siblings):
            return f"did you mean {'.'.join((*path[:-1], guess))}?"
        below = set(value) if isinstance(value, Mapping) else set()
        elsewhere = [known for known, tree in self._paths.items() if known[-1] == path[-1] and below <= set(tree)]
        if elsewhere:
            best: ValuePath = min(elsewhere, key=lambda known: (len(known), known))
            return f"did you mean {'.'.join(best)}?"
        beside = f"{'.'.join(path[:-1])} has {', '.join(sorted(siblings))}" if len(path) > 1 else "see its values.yaml"
        return f"remove it; {beside}"


def _tree_of_values(values: Mapping[str, Any]) -> dict[str, Any]:
    return {str(k): _tree_of_values(v) if isinstance(v, Mapping) else {} for k, v in values.items()}


def _add_schema(tree: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """Keys only the schema has; a mapping that values.yaml leaves empty stays free."""
    for key, below in schema.get("properties", {}).items():
        new = key not in tree
        branch = tree.setdefault(key, {})
        if new or branch:
            _add_schema(branch, below)


def _add_path(tree: dict[str, Any], path: ValuePath) -> None:
    """A value the templates read; where the tree is free already it stays so."""
    for depth, key in enumerate(path):
        if key not in tree:
            for name in path[depth:]:
                tree = tree.setdefault(name, {})
            return
        tree = tree[key]
        if not tree:
            return


def _walk(tree: Mapping[str, Any], above: ValuePath = ()) -> Iterator[tuple[ValuePath, Mapping[str, Any]]]:
    for key, below in tree.items():
        yield (*above, key), below
        yield from _walk(below, (*above, key))


def _holds(values: Any, path: ValuePath) -> bool:
    for key in path:
        if isinstance(values, list):
            return True
        if not isinstance(values, Mapping) or key not in values:
            return False
        values = values[key]
    return True


def _without_nothing(values: Mapping[str, Any]) -> dict[str, Any]:
    """Helm takes a null for 'without this key', before it looks at the schema."""
    return {
        key: _without_nothing(value) if isinstance(value, Mapping) else value
        for key, value in values.items()
        if value is not None
    }


def _violations(values: Mapping[str, Any], chart: Chart) -> Iterator[tuple[ValuePath, ValidationError]]:
    if not chart.schema:
        return
    for error in validator_for(chart.schema)(chart.schema).iter_errors(values):
        path = tuple(str(part) for part in error.absolute_path)
        yield path, error


def _reason(error: ValidationError) -> str:
    allowed: Any = error.validator_value
    if error.validator == "type":
        wanted = [
            _TYPES.get(name, name) for name in ([allowed] if isinstance(allowed, str) else allowed) if name != "null"
        ]
        return f"must be {' or '.join(wanted)}"
    if error.validator == "enum":
        return f"must be one of {', '.join(map(str, allowed))}"
    return f"does not fit the chart's schema: {error.message[:200]}"


def _fix(path: ValuePath, chart: Chart) -> str:
    default: Any = chart.values
    for key in path:
        default = default.get(key) if isinstance(default, Mapping) else None
    return f"the chart's own value is {default!r}" if default is not None else "see the chart's values.yaml"
