"""What kubestead says when something is wrong: where, the value, the reason, the fix."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

LONGEST = 2000


class _Short(reprlib.Repr):
    """Values as Python writes them, the long and deep ones cut: a message must stay readable whatever was written."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 200
        self.maxlong = 60
        self.maxlevel = 4
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = 10

    def repr_int(self, x: int, level: int) -> str:
        # Python refuses to write a number of more than 4300 digits.
        return super().repr_int(x, level) if x.bit_length() < 14_000 else f"<a whole number of {x.bit_length()} bits>"


_SHORT = _Short()


def shown(value: object) -> str:
    """A value as a message shows it: Python's own form, on one line, long and deep ones cut with three dots."""
    return _SHORT.repr(value)


def plain(text: object) -> str:
    """A text for a terminal, without quotes: cut past 2000 characters, control characters and the like escaped."""
    words = text if isinstance(text, str) else shown(text)
    words = words if len(words) <= LONGEST else f"{words[:LONGEST]}..."
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in words)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or worth knowing, before anything is touched.

    Args:
        where: the key path (``group_data/all.py: pod_cidr``) or the host's name.
        reason: what is wrong, one sentence without a full stop.
        fix: what to do about it: a line to write or a command to run.
        value: the offending value as the user wrote it; None where there is none to show.
        severity: ``error`` stops the run; ``warning`` is printed and the run goes on.
    """

    where: str
    reason: str
    fix: str
    value: object = None
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        value = "" if self.value is None else f" = {shown(self.value)}"
        return f"{plain(self.where)}{value}: {plain(self.reason)}; {plain(self.fix)}"


class KubesteadError(Exception):
    """Any failure kubestead explains itself; its text is meant for the person at the terminal."""


class InvalidInput(KubesteadError):
    """Input that was refused, with every finding at once."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in findings))
