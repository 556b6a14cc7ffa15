"""Settings kubestead does not know one by one: mappings that go to YAML and JSON as they are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator

from kubestead.errors import shown
from kubestead.validation import Refusal

MOST_LEVELS = 50


def _values(value: dict[str, Any]) -> dict[str, Any]:
    """Settings that go to YAML and JSON as they are."""
    if problem := next(_misfits(value, 0), None):
        raise Refusal(problem)
    return value


def _misfits(value: Any, level: int) -> Iterator[str]:
    """What JSON cannot say, in words, with the keys that lead there."""
    if level > MOST_LEVELS:
        yield f"is nested deeper than {MOST_LEVELS} levels, or in itself"
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or _is_broken(key):
                yield f"has a key that is not text: {shown(key)}"
            yield from (f"{shown(key)} {problem}" for problem in _misfits(item, level + 1))
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(value):
            yield from (f"entry {place} {problem}" for problem in _misfits(item, level + 1))
    elif isinstance(value, str):
        if _is_broken(value):
            yield "is text with half a character (a lone surrogate)"
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"is {value}, which is no number"
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        yield "is a number of more than 64 bits"
    elif value is not None and not isinstance(value, (int, float)):
        yield f"is a {type(value).__name__}; text, numbers, true, false, lists and mappings can be written"


def _is_broken(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


Values = Annotated[dict[str, Any], AfterValidator(_values)]
