"""The line that gives a key of group_data its value. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def assignment(key: str, value: Any) -> str:
    """``key = value`` in Python's own form with text in double quotes, as group_data has it."""
    return f"{key} = {written(value)}"


def written(value: Any) -> str:
    """A value in that form; a tuple comes out as a list."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{written(key)}: {written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(written, value)) + "]"
    return repr(value)
