"""The page of one run: everything in one file, for a browser without a network."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone, tzinfo

from kubestead.record.model import Message, Operation, Run
from kubestead.report.gantt import gantt
from kubestead.report.html import duration, pages
from kubestead.report.picture import picture

TEMPLATE = "run.html.j2"
SHOWN_HOSTS = 8
VERSIONS = ("Kubernetes", "containerd", "runc", "Cilium", "Helm", "pause")
_EXPLAINED = {
    "succeeded": "",
    "failed": "Nothing needs cleaning up: mend the cause and run it again; the next run finishes the job.",
    "refused": "It ended before anything was changed.",
    "interrupted": "Somebody stopped it. The next run finishes the job.",
    "killed": "Its record has no end: it was killed, or its machine went down. The next run finishes the job.",
    "unfinished": "Its record has no end, and it ran on another machine: there it is still at work, or it was killed.",
    "running": "It was still running when this page was made.",
}


@dataclass
class Row:
    """An operation on all its hosts."""

    phase: str
    name: str
    hosts: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    seconds: float = 0


def run_page(run: Run, made: datetime) -> str:
    """The report of a run as HTML.

    Args:
        run: as its record tells it.
        made: the time of the report, with its time zone; all times are shown in that zone.
    """
    zone = made.tzinfo or timezone.utc
    lines = rows(run)
    return pages().get_template(TEMPLATE).render(
        run=run, made=made, began=_time(run.began, zone), ended=_time(run.ended, zone),
        explained=_EXPLAINED[run.outcome], numbers=numbers(run), gantt=gantt(run), picture=picture(run),
        rows=lines, changes=[row for row in lines if row.changed], failures=failures(run),
        warnings=[one for one in run.findings if one.severity == "warning"],
        refusals=[one for one in run.findings if one.severity == "error"],
        told=[(_time(one.time, zone), one) for one in run.messages if one.level == "warning"],
        versions={name: run.cluster[name] for name in VERSIONS if run.cluster.get(name)},
        settings={name: text for name, text in run.cluster.items() if name not in VERSIONS}, some=some,
    )  # fmt: skip


def numbers(run: Run) -> dict[str, str]:
    """The few numbers on top, by what they are."""
    return {
        "took": duration(run.ended - run.began),
        "hosts": str(len(set(run.hosts) | {one.host for one in run.operations})),
        "operations": str(len(rows(run))),
        "changes": str(run.changed),
        "errors": str(len(failures(run)) + sum(one.severity == "error" for one in run.findings)),
        "warnings": str(run.warnings),
    }


def rows(run: Run) -> list[Row]:
    """The operations in the order they began, each with its hosts."""
    found: dict[tuple[str, str], Row] = {}
    for one in run.operations:
        row = found.setdefault((one.phase, one.name), Row(one.phase, one.name))
        row.hosts.append(one.host)
        row.seconds = max(row.seconds, (one.end or run.ended) - one.start)
        for wanted, hosts in ((one.changed, row.changed), (one.error, row.failed), (one.end is None, row.unfinished)):
            if wanted:
                hosts.append(one.host)
    return list(found.values())


def failures(run: Run) -> list[tuple[str, str, str]]:
    """What failed: the host, the operation, and what was said of it."""
    found = [_failure(one, run.messages) for one in run.operations if one.error]
    failed = {one.host for one in run.operations if one.error}
    said: dict[str, list[str]] = {}
    for one in run.messages:
        if one.level == "error" and one.host not in failed:
            said.setdefault(one.host, []).append(one.text)
    return found + [(host, "", "\n".join(texts)) for host, texts in said.items()]


def some(hosts: Sequence[str]) -> str:
    """The first of these hosts, ``worker2`` before ``worker10``, and how many more."""
    names = sorted(set(hosts), key=lambda name: [part.zfill(9) for part in re.split(r"(\d+)", name)])
    more = len(names) - SHOWN_HOSTS
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:SHOWN_HOSTS])} and {more} more"


def _failure(one: Operation, messages: Sequence[Message]) -> tuple[str, str, str]:
    texts = [item.text for item in messages if item.level == "error" and item.host == one.host]
    return one.host, one.title, "\n".join([*filter(None, [one.said]), *texts])


def _time(seconds: float, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc).astimezone(zone)
