"""One thing the watcher tells: the same for the audit, the terminal, the cluster's events, metrics, notifications."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from kubestead.diagnose import Diagnosis


class Told(str, Enum):
    """What happened."""

    STARTED = "started"
    STOPPED = "stopped"
    LEADS = "leads"
    FOLLOWS = "follows"
    API_SILENT = "api-silent"
    API_BACK = "api-back"
    TROUBLE = "trouble"
    INTERRUPTED = "interrupted"
    DIAGNOSED = "diagnosed"
    APPLY = "apply"
    WOULD_APPLY = "would-apply"
    BACK = "back"
    ENDED = "ended"
    HOLD = "hold"
    HAND_OVER = "hand-over"
    RECOVERED = "recovered"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Note:
    """A decision or its outcome.

    Args:
        decision: what happened.
        node: about which node; empty for the watcher itself.
        cause: of the diagnosis.
        evidence: of the diagnosis.
        remedy: chosen, at work, or held.
        outcome: of the remedy.
        seconds: how long it took, or how long the node had been unwell.
        guard: which guard held.
        why: the reason, one line.
        advice: the next command for a person.
        warning: something a person should see.
        notify: send it to the person.
    """

    decision: Told
    node: str = ""
    cause: str = ""
    evidence: tuple[str, ...] = ()
    remedy: str = ""
    outcome: str = ""
    seconds: float | None = None
    guard: str = ""
    why: str = ""
    advice: str = ""
    warning: bool = False
    notify: bool = False

    def to_data(self) -> dict[str, Any]:
        """For the audit: what is empty is left out."""
        data = {**vars(self), "decision": self.decision.value, "evidence": list(self.evidence)}
        data["seconds"] = None if self.seconds is None else round(self.seconds, 2)
        return {key: value for key, value in data.items() if value not in ("", None, []) and key not in _FLAGS}

    def line(self) -> str:
        """One line for a person."""
        about = f"{self.node}: " if self.node else ""
        evidence = f" ({self.evidence[0]})" if self.evidence and self.decision is not Told.APPLY else ""
        took = "" if self.seconds is None else f" after {self.seconds:.0f} s"
        what = " ".join(part for part in (str(self.decision), self.remedy, self.outcome) if part)
        parts = (f"{about}{what}{took}", f"{self.cause}{evidence}" if self.cause else "", self.why, self.advice)
        return "; ".join(part for part in parts if part)


def about(
    decision: Told,
    diagnosis: Diagnosis,
    *,
    remedy: str = "",
    outcome: str = "",
    seconds: float | None = None,
    why: str = "",
    advice: str = "",
    warning: bool = False,
    notify: bool = False,
) -> Note:
    """A note with a diagnosis in it."""
    return Note(
        decision, diagnosis.node, diagnosis.cause.value, diagnosis.evidence, remedy, outcome, seconds, "", why, advice,
        warning, notify,
    )  # fmt: skip


_FLAGS = ("warning", "notify")
