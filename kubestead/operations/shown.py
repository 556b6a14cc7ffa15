"""What an operation would change, shown where pyinfra's ``--diff`` asks for it: once, and without secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import click
import yaml
from pyinfra import host, logger, state

from kubestead.errors import plain
from kubestead.record.redact import redact
from kubestead.textdiff import masked, secrets_of, unified

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def is_wanted() -> bool:
    """``--diff`` was given, and this is the plan, or a run without one (``-y``)."""
    return bool(state.config.DIFF) and not (state.is_executing and state.check_for_changes)


def show(what: str, lines: Iterable[str] = ()) -> None:
    """Show one change of the present host where it is wanted: in words, then the lines of a diff."""
    if not is_wanted():
        return
    logger.info(f"{host.print_prefix}{redact(plain(what))}")
    for line in lines:
        logger.info(f"    {click.style(line, fg=_COLOURS.get(line[:1]))}")


def show_text(path: str, before: str | None, after: str, secrets: Iterable[str] = ()) -> None:
    """Show how a text changes; None for one that is not there yet."""
    if is_wanted():
        show(f"{path}{' (new)' if before is None else ''}:", unified(before or "", after, secrets))


def show_values(name: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> None:
    """Show how structured values change."""
    old = yaml.safe_dump(masked(before)) if before is not None else None
    new = yaml.safe_dump(masked(_alike(after, before), before))
    # A secret may stand under another name as well.
    show_text(name, old, new, [*secrets_of(before), *secrets_of(after)])


def _alike(after: Any, before: Any) -> Any:
    """The values after, written as before where they are the same: Helm gives 0 for 0.0."""
    if after == before:
        return before
    if isinstance(after, Mapping):
        known = before if isinstance(before, Mapping) else {}
        return {key: _alike(value, known.get(key)) for key, value in after.items()}
    return after
