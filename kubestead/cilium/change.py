"""What a change of Cilium's Helm values means for a running cluster: path by path, worked out before anything is done.

The table is ``effects.yaml`` beside this file. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from kubestead.errors import plain
from kubestead.textdiff import masked

TABLE = Path(__file__).with_name("effects.yaml")
SHOWN_VALUE = 60
# Keys below it override what any value made of them in the ConfigMap.
EXTRA_CONFIG = "extraConfig"


class Effect(IntEnum):
    """How much a change costs, the least first."""

    NONE = 0
    OPERATOR = 1
    AGENTS = 2
    LOSS = 3
    PODS = 4
    NEVER = 5

    @property
    def words(self) -> str:
        """In words."""
        return _WORDS[self]


_WORDS = {
    Effect.NONE: "no agent restarts",
    Effect.OPERATOR: "the operator restarts",
    Effect.AGENTS: "agents restart; traffic goes on, new pods and policies wait a moment",
    Effect.LOSS: "traffic is lost for a moment",
    Effect.PODS: "pods that run keep what they have until they are made anew",
    Effect.NEVER: "cannot be changed on a running cluster",
}
# What deploys/cluster.py may do by itself, in passing.
IN_PASSING = Effect.AGENTS


@dataclass(frozen=True)
class Row:
    """A row of the table; see there."""

    path: str
    effect: Effect
    reason: str
    source: str
    appended: Effect | None = None
    added: Effect | None = None
    apart: bool = False
    config: str | None = None
    unset: Any = None


UNKNOWN = Row("", Effect.AGENTS, "not known to kubestead, so agents are restarted one by one", "nowhere said")


@dataclass(frozen=True)
class Change:
    """A value that changes. ``before`` and ``after`` are None where there is none."""

    path: str
    before: Any
    after: Any
    row: Row

    @property
    def effect(self) -> Effect:
        """What it costs."""
        row = self.row
        if row.added is not None and self.before is None:
            return row.added
        if row.appended is not None and _appended(self.before, self.after):
            return row.appended
        return row.effect

    def __str__(self) -> str:
        name = self.path.rpartition(".")[2]
        before, after = masked({name: self.before}), masked({name: self.after}, {name: self.before})
        values = f"{_short(before[name])} -> {_short(after[name])}"
        return f"{self.path}: {values}: {self.effect.words}: {self.row.reason} ({self.row.source})"


@cache
def table() -> tuple[Row, ...]:
    """The rows of ``effects.yaml``.

    Raises:
        KeyError, TypeError: it is not of its form; a test reads it.
    """
    rows = yaml.load(TABLE.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  (safe)
    return tuple(_row(dict(row)) for row in rows)


def _row(row: dict[str, Any]) -> Row:
    for key in ("effect", "appended", "added"):
        if key in row:
            row[key] = Effect[row[key].upper()]
    return Row(**row)


def row_of(path: str) -> Row:
    """The row that is about a value: the longest path that fits; :data:`UNKNOWN` where none does."""
    name, _, key = path.partition(".")
    if name == EXTRA_CONFIG:
        return next((row for row, config in configured() if config == key), UNKNOWN)
    fitting = [row for row in table() if path == row.path or path.startswith(f"{row.path}.")]
    return max(fitting, key=lambda row: len(row.path), default=UNKNOWN)


def configured() -> Iterator[tuple[Row, str]]:
    """Each row whose value becomes a key of ``cilium-config``, and that key."""
    return ((row, row.config) for row in table() if row.config)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """What changes between two sets of values, the dearest first; give both with the chart's defaults merged in.

    Args:
        before: what runs, as ``helm get values --all`` has it.
        after: what shall be.
    """
    old, new = dict(_leaves(before)), dict(_leaves(after))
    paths = sorted({*old, *new})
    found = (_change(path, old.get(path), new.get(path)) for path in paths)
    return tuple(
        sorted(
            (change for change in found if change.before != change.after),
            key=lambda change: (-change.effect, change.path),
        )
    )


def _change(path: str, before: Any, after: Any) -> Change:
    row = row_of(path)
    unset = row.unset if row.path == path else None
    return Change(path, unset if before is None else before, unset if after is None else after, row)


def worst(found: Iterable[Change]) -> Effect:
    """The dearest effect of all."""
    return max((change.effect for change in found), default=Effect.NONE)


def keeps_apart(found: Iterable[Change]) -> bool:
    """Whether nodes with the old and the new values cannot talk to each other while both run."""
    return any(change.row.apart for change in found)


def _leaves(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Every value by its path; what is empty is left out, as the chart takes it for its default."""
    for key, value in values.items():
        path = f"{above}.{key}" if above else str(key)
        if isinstance(value, Mapping):
            yield from _leaves(value, path)
        elif value not in (None, "", []):
            yield path, value


def _appended(before: Any, after: Any) -> bool:
    return isinstance(before, list) and isinstance(after, list) and after[: len(before)] == before


def _short(value: Any) -> str:
    text = "none" if value is None else plain(str(value))
    return text if len(text) <= SHOWN_VALUE else f"{text[:SHOWN_VALUE]}..."
