"""Reading the watchers' audit: one JSON object per line, as :mod:`kubestead.watch.audit` writes them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from kubestead.errors import KubesteadError


@dataclass(frozen=True)
class Entry:
    """A line of the audit; what a line does not say is empty.

    Args:
        time: when it was written, with its time zone.
        watcher: by whom.
        decision: what happened, in the watcher's words: ``diagnosed``, ``apply``, ``ended``, ``recovered`` ...
        node: about which node; empty for the watcher itself.
        seconds: how long it took, or how long the node had been unwell.
    """

    time: datetime
    watcher: str = ""
    decision: str = ""
    node: str = ""
    cause: str = ""
    evidence: tuple[str, ...] = ()
    remedy: str = ""
    outcome: str = ""
    seconds: float | None = None
    guard: str = ""
    why: str = ""
    advice: str = ""


_TEXTS = tuple(item.name for item in fields(Entry) if item.name not in ("time", "evidence", "seconds"))


def read(paths: Iterable[Path]) -> tuple[list[Entry], int]:
    """The entries of these files by time, and how many lines could not be read.

    A watcher that lost its power may leave half a line, and that is no reason to show nothing.

    Raises:
        KubesteadError: a file cannot be read at all.
    """
    entries, unread = [], 0
    for path in paths:
        try:
            lines = path.read_text(errors="replace").splitlines()
        except OSError as error:
            fix = "name the watcher's audit.jsonl with --audit"
            raise KubesteadError(f"{path}: cannot be read ({error.strerror}); {fix}") from error
        found = [parse(line) for line in lines if line.strip()]
        entries += [entry for entry in found if entry]
        unread += found.count(None)
    return sorted(entries, key=lambda entry: entry.time), unread


def parse(line: str) -> Entry | None:
    """A line, or None where it is none; keys of a newer watcher are left out."""
    try:
        data: dict[str, Any] = json.loads(line)
        time = datetime.fromisoformat(data["time"].replace("Z", "+00:00"))
        seconds = data.get("seconds")
        evidence = tuple(str(item) for item in data.get("evidence") or ())
        texts = {key: str(data.get(key) or "") for key in _TEXTS}
        entry = Entry(time, evidence=evidence, seconds=None if seconds is None else float(seconds), **texts)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return entry if time.tzinfo else None
