"""From the audit's lines to incidents: from when a node was unwell until it was well again, or a person's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from kubestead.report.audit import Entry

Ending = Literal["recovered", "handed over", "open"]


@dataclass
class Step:
    """A remedy: when it began and ended (None: not in the audit), what became of it, and why."""

    remedy: str
    began: datetime
    ended: datetime | None = None
    outcome: str = ""
    why: str = ""


@dataclass
class Incident:
    """A node that was not well.

    Args:
        began: when it was unwell first, as far as the watcher knew.
        ended: when it was well again or handed over; None while neither.
        causes: what was diagnosed, in order, each once.
        notes: what held a remedy back, and why it was handed over.
        last: the time of the last line about it.
        back: seconds from its last sign of health until it was Ready again; it is watched for a while after that.
    """

    node: str
    began: datetime
    last: datetime
    ending: Ending = "open"
    ended: datetime | None = None
    causes: list[str] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    advice: str = ""
    back: float | None = None

    @property
    def until(self) -> datetime:
        """Its end, or the last that was heard of it."""
        return self.ended or self.last

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.until - self.began).total_seconds()

    @property
    def summary(self) -> str:
        """On one line: cause, remedies, how it ended."""
        return " → ".join([", ".join(self.causes) or "unknown", *(step.remedy for step in self.steps), self.ending])


def incidents(entries: Sequence[Entry]) -> list[Incident]:
    """The incidents in the order they began; ``entries`` are in the order of time."""
    found: list[Incident] = []
    current: dict[str, Incident] = {}
    for entry in entries:
        if not entry.node:
            continue
        incident = current.get(entry.node)
        if incident is None:
            if entry.decision == "recovered":
                continue  # the audit begins in the middle: nothing is known but that it is over
            unwell = timedelta(seconds=0 if entry.decision in ("ended", "back") else entry.seconds or 0)
            incident = current[entry.node] = Incident(entry.node, entry.time - unwell, entry.time)
            found.append(incident)
        _add(incident, entry)
        if incident.ending == "recovered":
            del current[entry.node]
    return sorted(found, key=lambda incident: incident.began)


def _add(incident: Incident, entry: Entry) -> None:
    incident.last = entry.time
    if entry.cause and entry.cause not in incident.causes:
        incident.causes.append(entry.cause)
    incident.evidence += [text for text in entry.evidence if text not in incident.evidence]
    incident.advice = entry.advice or incident.advice
    if entry.decision == "apply":
        incident.steps.append(Step(entry.remedy, entry.time))
        # A person's no longer: something more could be tried.
        incident.ending, incident.ended = "open", None
    elif entry.decision == "back":
        incident.back = entry.seconds
    elif entry.decision in ("ended", "interrupted"):
        _end_step(incident, entry)
    elif entry.decision in ("hold", "hand-over", "would-apply"):
        _note(incident, entry)
    if entry.decision == "hand-over":
        incident.ending, incident.ended = "handed over", entry.time
    elif entry.decision == "recovered":
        incident.ending, incident.ended = "recovered", entry.time


def _end_step(incident: Incident, entry: Entry) -> None:
    running = [step for step in incident.steps if step.remedy == entry.remedy and step.ended is None]
    if not running:
        began = entry.time - timedelta(seconds=entry.seconds or 0)
        incident.steps.append(step := Step(entry.remedy, began))
        incident.began = min(incident.began, began)
    else:
        step = running[-1]
    step.ended, step.outcome, step.why = entry.time, entry.outcome or entry.decision, entry.why


def _note(incident: Incident, entry: Entry) -> None:
    what = f"would apply {entry.remedy}" if entry.decision == "would-apply" else entry.decision
    guard = f" ({entry.guard})" if entry.guard else ""
    text = ": ".join(part for part in (f"{what}{guard}", entry.why) if part)
    if text not in incident.notes:
        incident.notes.append(text)
