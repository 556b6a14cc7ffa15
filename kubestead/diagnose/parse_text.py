"""Small readers for the script's lines: what cannot be read is None."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Sequence
from typing import TypeVar, overload

_T = TypeVar("_T", int, float)


def lines_of(lines: Sequence[str]) -> dict[str, list[str]]:
    """The values of each key, in their order; lines without a tab (a login banner) are dropped."""
    found: dict[str, list[str]] = {}
    for line in lines:
        key, tab, value = line.partition("\t")
        if tab:
            found.setdefault(key, []).append(value.rstrip("\r"))
    return found


@overload
def number(text: str | None, factor: int = 1) -> int | None: ...
@overload
def number(text: str | None, factor: int = 1, *, kind: Callable[[str], _T]) -> _T | None: ...
def number(text: str | None, factor: int = 1, *, kind: Callable[[str], float] = int) -> float | None:
    """A number times ``factor``; None for what is none, and for an endless one."""
    try:
        value = kind(text) * factor if text else None
    except ValueError:
        return None
    return value if value is not None and abs(value) < float("inf") else None


def words(text: str, count: int) -> list[str]:
    """Exactly ``count`` of them, the last one the rest of the line, missing ones empty."""
    parts = text.split(maxsplit=count - 1)
    return parts + [""] * (count - len(parts))


def unpacked(text: str | None) -> str | None:
    """Base64 as text; None where there is nothing, or something else."""
    try:
        return b64decode(text or "", validate=True).decode(errors="replace") or None
    except ValueError:
        return None
