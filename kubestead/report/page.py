"""The page of the recoveries: everything in one file, for a browser without a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from statistics import median

from kubestead.report.audit import Entry
from kubestead.report.html import duration, pages
from kubestead.report.incidents import Incident, incidents
from kubestead.report.timeline import segments, timeline

TEMPLATE = "recoveries.html.j2"


def page(entries: Sequence[Entry], unread: int, made: datetime) -> str:
    """The report as HTML.

    Args:
        entries: the audit's, by time.
        unread: how many of its lines could not be read.
        made: the time of the report, with its time zone; all times are shown in that zone.
    """
    local = [_in_zone(entry, made) for entry in entries]
    found = incidents(local)
    return pages().get_template(TEMPLATE).render(
        made=made, unread=unread, incidents=found, timeline=timeline(found), segments=segments,
        numbers=numbers(found), watchers=[entry for entry in local if not entry.node],
        first=local[0].time if local else None, last=local[-1].time if local else None,
    )  # fmt: skip


def numbers(found: Sequence[Incident]) -> dict[str, str]:
    """The few numbers on top, by what they are."""
    recovered = sorted(one.seconds for one in found if one.ending == "recovered")
    return {
        "incidents": str(len(found)),
        "recovered": str(len(recovered)),
        "handed over": str(sum(one.ending == "handed over" for one in found)),
        "open": str(sum(one.ending == "open" for one in found)),
        "median time to recover": duration(median(recovered)) if recovered else "–",  # noqa: RUF001
        "longest": duration(recovered[-1]) if recovered else "–",  # noqa: RUF001
    }


def _in_zone(entry: Entry, made: datetime) -> Entry:
    zone = made.tzinfo or timezone.utc
    return replace(entry, time=entry.time.astimezone(zone))
