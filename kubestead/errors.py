"""What kubestead says when something is wrong: where, the value, the reason, the fix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


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
        value = "" if self.value is None else f" = {self.value!r}"
        return f"{self.where}{value}: {self.reason}; {self.fix}"


class KubesteadError(Exception):
    """Any failure kubestead explains itself; its text is meant for the person at the terminal."""


class InvalidInput(KubesteadError):
    """Input that was refused, with every finding at once."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in findings))
