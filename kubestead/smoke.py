"""The outcome of the smoke's checks. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One check: what was tried, whether it went well, and if not, what was seen and what to try next."""

    name: str
    passed: bool
    seen: str = ""
    next_command: str = ""

    def __str__(self) -> str:
        if self.passed:
            return f"ok      {self.name}"
        return f"FAILED  {self.name}: {self.seen or 'no output'}\n        next: {self.next_command}"


def parse(lines: Iterable[str]) -> list[Check]:
    """The checks in the smoke script's output: lines of ``check<TAB>ok|failed<TAB>name<TAB>seen<TAB>next``.

    A line that was cut off, and what the commands print themselves, is no check.
    """
    rows = (line.split("\t") for line in lines if line.startswith("check\t") and line.count("\t") == 4)
    return [
        Check(name=name, passed=outcome == "ok", seen=seen, next_command=next_command)
        for _, outcome, name, seen, next_command in rows
    ]
