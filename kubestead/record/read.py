"""Reading a run record: whatever a run that was killed left behind is shown, and half a line is no reason to fail."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeVar

from kubestead.errors import KubesteadError
from kubestead.owner import Owner
from kubestead.record import parts
from kubestead.record.model import Operation, Outcome, Run

FOLDER = Path(".kubestead/runs")
HEAD, BEGUN, OPERATIONS, MESSAGES, END = (
    "run.json", "begun.jsonl", "operations.jsonl", "messages.jsonl", "end.json"
)  # fmt: skip
_OUTCOMES: dict[str, Outcome] = {
    "succeeded": "succeeded", "failed": "failed", "refused": "refused", "interrupted": "interrupted",
}  # fmt: skip
# Of a folder's name.
_FORMAT, _NO_TIME = "%Y%m%dT%H%M%S.%fZ", 1.0
_T = TypeVar("_T")


def folder_name(began: float) -> str:
    """The folder of a run that began then: sorted by name they are sorted by time."""
    return datetime.fromtimestamp(began, timezone.utc).strftime(_FORMAT)


def names(folder: Path = FOLDER) -> list[str]:
    """The recorded runs, the oldest first."""
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and _time_of(path.name) > _NO_TIME)


def find(run: str | None, folder: Path = FOLDER) -> Path:
    """The folder of a run.

    Args:
        run: its name, the beginning of it, or a path to it; None for the newest.
        folder: where runs are.

    Raises:
        KubesteadError: there is none, or more than one.
    """
    known = names(folder)
    if run is None:
        if not known:
            raise KubesteadError(f"no run is recorded in {folder}; pyinfra INVENTORY deploys/cluster.py makes one")
        return folder / known[-1]
    if run in known:
        return folder / run
    if run and Path(run).is_dir():
        return Path(run)
    fitting = [name for name in known if run and name.startswith(run)]
    if len(fitting) == 1:
        return folder / fitting[0]
    found = f"is more than one: {', '.join(fitting[-5:])}" if fitting else "is not recorded"
    raise KubesteadError(f"the run {run!r} {found}; 'kubestead report --list' names them (in {folder})")


def read(path: Path) -> Run:
    """The run in a folder.

    Raises:
        KubesteadError: the folder holds no record at all.
    """
    head, end = _object(path / HEAD), _object(path / END)
    begun, lost_begun = _lines(path / BEGUN, parts.begun)
    operations, lost_operations = _lines(path / OPERATIONS, parts.operation)
    messages, lost_messages = _lines(path / MESSAGES, parts.message)
    # A run that was killed as it wrote its first file has a folder and nothing in it.
    if not (head or end or begun or operations or messages or _time_of(path.name) > _NO_TIME):
        raise KubesteadError(f"{path}: holds no run record")
    times = [time for one in operations for time in (one.start, one.end) if time]
    times += [start for start, _, _, _ in begun] + [one.time for one in messages]
    began = parts.moment(head.get("began")) or min(times, default=_time_of(path.name))
    ended = parts.moment(end.get("ended")) or max([began, *times])
    outcome = _outcome(head, end)
    unfinished = [] if outcome == "succeeded" else _unfinished(begun, operations)
    return Run(
        name=path.name, began=began, ended=max(began, ended), outcome=outcome,
        deploys=tuple(map(str, parts.items(head.get("deploys")))), command=parts.text(head.get("command")),
        by=str(Owner.from_data(head.get("owner")) or ""),
        made_with=parts.texts(head.get("made_with")), cluster=parts.texts(head.get("cluster")),
        nodes=parts.nodes(head),
        hosts=[parts.text(one) for one in parts.items(head.get("hosts"))],
        findings=[parts.finding(one) for one in parts.items(head.get("findings")) if isinstance(one, dict)],
        operations=sorted([*operations, *unfinished], key=lambda one: one.start), messages=messages,
        exit_code=end.get("exit_code") if isinstance(end.get("exit_code"), int) else None,
        error=parts.text(end.get("error")),
        failed_hosts=[parts.text(one) for one in parts.items(end.get("failed_hosts"))],
        left_out=[parts.text(one) for one in parts.items(head.get("left_out"))],
        unread=lost_begun + lost_operations + lost_messages,
    )  # fmt: skip


def _outcome(head: Mapping[str, Any], end: Mapping[str, Any]) -> Outcome:
    if end:
        return _OUTCOMES.get(parts.text(end.get("outcome")), "failed")
    owner = Owner.from_data(head.get("owner"))
    alive = owner.alive() if owner else False
    # None: it ran on another machine, and cannot be told from here.
    return "unfinished" if alive is None else "running" if alive else "killed"


def _unfinished(begun: list[tuple[float, str, str, list[str]]], done: list[Operation]) -> list[Operation]:
    """What was under way: on a host, beginnings of an operation in excess of its ends, the last ones."""
    starts: dict[tuple[str, str, str], list[float]] = {}
    for start, phase, name, hosts in begun:
        for host in hosts:
            starts.setdefault((host, phase, name), []).append(start)
    ends = Counter((one.host, one.phase, one.name) for one in done)
    return [Operation(*key, start, None) for key, found in starts.items() for start in found[ends[key] :]]


def _lines(path: Path, parse: Callable[[Mapping[str, Any]], _T]) -> tuple[list[_T], int]:
    """What can be read of a file with one JSON object per line, and how many lines could not."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return [], 0
    found, lost = [], 0
    for line in text.splitlines():
        try:
            found.append(parse(json.loads(line)))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            lost += 1
    return found, lost


def _object(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(errors="replace"))
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _time_of(name: str) -> float:
    try:
        return datetime.strptime(name, _FORMAT).replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return _NO_TIME
