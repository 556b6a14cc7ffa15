"""An object against the schema of its CustomResourceDefinition, as the API server checks it. Pure.

The schema is OpenAPI v3.0 in Kubernetes' "structural" form: JSON Schema draft 4, with ``nullable`` and keys of
Kubernetes' own, and every field that is not named is unknown.
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft4Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from kubestead.errors import shown
from kubestead.validation import nearest

Schema = dict[str, Any]
Location = tuple[int | str, ...]
_FORMATS = FormatChecker(formats=())
_TYPES = {
    "boolean": "true or false, without quotes", "integer": "a whole number, without quotes",
    "number": "a number, without quotes", "string": "text, in quotes", "array": "a list (lines that begin with '-')",
    "object": "a mapping of keys to values",
}  # fmt: skip
_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_LONGEST_DESCRIPTION = 160


@dataclass(frozen=True)
class Violation:
    """Where an object does not fit, why, and what to write instead."""

    location: Location
    reason: str
    fix: str
    value: object = None


@_FORMATS.checks("cidr", raises=ValueError)
def _is_cidr(value: object) -> bool:
    """As Go's net.ParseCIDR, which the API server uses: an address alone is none."""
    return not isinstance(value, str) or ("/" in value and bool(ipaddress.ip_interface(value)))


def schema_of(crd: Mapping[str, Any], version: str) -> Schema | None:
    """The schema of one version of a CustomResourceDefinition that is served, made for :func:`violations`."""
    for one in (crd.get("spec") or {}).get("versions") or ():
        if one.get("name") == version and one.get("served"):
            schema = (one.get("schema") or {}).get("openAPIV3Schema")
            return _strict(schema) if isinstance(schema, dict) else None
    return None


def _strict(schema: Mapping[str, Any]) -> Schema:
    """The same as JSON Schema that refuses unknown fields. What stands in anyOf and the like names no fields."""
    made = dict(schema)
    if (pattern := schema.get("pattern")) is not None and not _compiles(pattern):
        del made["pattern"]  # Go's own syntax; the API server checks it
    if isinstance(properties := schema.get("properties"), dict):
        made["properties"] = {key: _strict(below) for key, below in properties.items()}
        if "additionalProperties" not in schema and not schema.get(_PRESERVE):
            made["additionalProperties"] = False
    for key in ("items", "additionalProperties"):
        if isinstance(below := schema.get(key), dict):
            made[key] = _strict(below)
    if schema.get("nullable") and isinstance(schema.get("type"), str):
        made["type"] = [schema["type"], "null"]
    return made


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def violations(content: Mapping[str, Any], schema: Schema) -> list[Violation]:
    """Everything about an object that its schema refuses."""
    found: dict[tuple[Location, str], Violation] = {}
    for error in Draft4Validator(schema, format_checker=_FORMATS).iter_errors(content):
        for one in _told(error):
            found.setdefault((one.location, one.reason), one)
    return list(found.values())


def _told(error: ValidationError) -> Iterator[Violation]:
    location: Location = tuple(error.absolute_path)
    schema: Any = error.schema
    wanted: Any = error.validator_value
    value: Any = error.instance
    if error.validator == "additionalProperties":
        for key in [key for key in value if key not in schema["properties"]]:
            yield Violation((*location, key), "no such field", _instead(key, schema["properties"]))
    elif error.validator == "required":
        missing = [key for key in wanted if key not in value]
        yield Violation(location, f"lacks {' and '.join(missing)}", _description(schema["properties"].get(missing[0])))
    elif error.validator == "type":
        types = " or ".join(_TYPES.get(one, one) for one in ([wanted] if isinstance(wanted, str) else wanted))
        yield Violation(location, f"must be {types}", _written(wanted, value, schema), value)
    elif error.validator == "enum":
        words = [str(word) for word in wanted]
        guess = next((word for word in words if word.casefold() == str(value).casefold()), nearest(value, words))
        fix = f"did you mean {guess}?" if guess else f"write one of {', '.join(words)}"
        yield Violation(location, "is none of the words that are known here", fix, value)
    elif error.validator in ("anyOf", "oneOf") and isinstance(value, dict):
        yield _choice(location, _choices(wanted), value, error.message)
    elif error.validator == "format" and wanted == "cidr":
        fix = f"write {value}/32" if _is_address(value) else "write a network, as in 10.9.0.0/16"
        yield Violation(location, "is no network with its prefix length", fix, value)
    elif error.validator == "pattern":
        yield Violation(location, "has not the form that is wanted here", _description(schema) or wanted, value)
    else:
        reason = f"does not fit: {error.message[:200]}"
        yield Violation(location, reason, _description(schema) or "see docs.cilium.io", value)


def _instead(key: object, known: Mapping[str, Any]) -> str:
    guess = nearest(key, known)
    return f"did you mean {guess}?" if guess else f"remove it; what there is here: {', '.join(sorted(known))}"


def _written(wanted: Any, value: object, schema: Mapping[str, Any]) -> str:
    """What the person probably meant."""
    if value is None:
        return "write its value, [] or {} for an empty one, or remove the key"
    if wanted == "string" and isinstance(value, (int, float)):
        return f'write "{str(value).lower() if isinstance(value, bool) else value}"'
    if wanted == "integer" and isinstance(value, str) and value.isdigit():
        return f"write {value}"
    if wanted == "array" and not isinstance(value, (list, dict)):
        return f"write [{shown(value)}]"
    if wanted == "array":
        return "put a '-' before it: a list with one entry"
    return _description(schema) or "see docs.cilium.io"


def _choices(branches: Any) -> list[str]:
    """The fields a choice is between, where each branch only names the field it wants."""
    names = [branch.get("required") for branch in branches if isinstance(branch, dict)]
    return [one[0] for one in names if isinstance(one, list) and len(one) == 1] if all(names) else []


def _choice(location: Location, choices: list[str], value: Any, message: str) -> Violation:
    given = [key for key in choices if key in value]
    if len(given) > 1:
        return Violation(location, f"has {' and '.join(given)}, and one of them is allowed", "remove the others")
    if choices and not given:
        return Violation(location, f"needs one of {', '.join(choices)}", "write one of them")
    return Violation(location, f"does not fit: {message[:200]}", "see docs.cilium.io")


def _is_address(value: object) -> bool:
    try:
        return isinstance(ipaddress.ip_address(str(value)), ipaddress.IPv4Address)
    except ValueError:
        return False


def _description(schema: Mapping[str, Any] | None) -> str:
    """The first sentence of a field's own description."""
    text = " ".join(str((schema or {}).get("description") or "").split())
    first = re.split(r"\.\s", text, maxsplit=1)[0].rstrip(".")
    short = first if len(first) <= _LONGEST_DESCRIPTION else f"{first[:_LONGEST_DESCRIPTION]}..."
    return f"its description: {short}" if short else ""
