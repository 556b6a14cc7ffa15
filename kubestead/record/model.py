"""A run as its record tells it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["succeeded", "failed", "refused", "interrupted", "killed", "running", "unfinished"]


@dataclass(frozen=True)
class Operation:
    """What an operation did on a host; times are seconds since 1970.

    Args:
        end: None where the run ended first.
        said: the last words of a command that failed.
    """

    host: str
    phase: str
    name: str
    start: float
    end: float | None
    changed: bool = False
    error: bool = False
    said: str = ""

    @property
    def title(self) -> str:
        """As pyinfra shows it."""
        return f"{self.phase} | {self.name}" if self.phase else self.name


@dataclass(frozen=True)
class Message:
    """A warning or an error; ``host`` is empty where it is about the run."""

    time: float
    level: Literal["warning", "error"]
    text: str
    host: str = ""


@dataclass(frozen=True)
class Finding:
    """What preflight found: where, what is wrong, what to do."""

    where: str
    reason: str
    fix: str
    severity: Literal["error", "warning"] = "error"


@dataclass(frozen=True)
class Node:
    """A node of the inventory: role (``control plane``, ``worker`` or empty), address, its part of the pod network."""

    name: str
    role: str = ""
    address: str = ""
    pods: str = ""


@dataclass(frozen=True)
class Run:
    """A run.

    Args:
        name: its folder's.
        began, ended: seconds since 1970; ``ended`` is the last sign of life where the run has no end.
        deploys: what was run, as ``cluster``.
        command: the command line, without secrets.
        by: user, machine and process.
        made_with: versions of what ran here (kubestead, pyinfra), by name.
        cluster: facts of the spec, by name.
        nodes: the inventory's, control planes first.
        hosts: those the run was about.
        exit_code: None where it is not known.
        error: why it ended, in one line.
        failed_hosts: hosts that failed or were not reached.
        left_out: workers that were not reached and that the run went on without.
        unread: how many lines of the record could not be read.
    """

    name: str
    began: float
    ended: float
    outcome: Outcome = "killed"
    deploys: tuple[str, ...] = ()
    command: str = ""
    by: str = ""
    made_with: Mapping[str, str] = field(default_factory=dict)
    cluster: Mapping[str, str] = field(default_factory=dict)
    nodes: Sequence[Node] = ()
    hosts: Sequence[str] = ()
    findings: Sequence[Finding] = ()
    operations: Sequence[Operation] = ()
    messages: Sequence[Message] = ()
    exit_code: int | None = None
    error: str = ""
    failed_hosts: Sequence[str] = ()
    left_out: Sequence[str] = ()
    unread: int = 0

    @property
    def title(self) -> str:
        """What was run: ``cluster``."""
        return ", ".join(self.deploys) or "run"

    @property
    def changed(self) -> int:
        """How many operations changed something, counted on each host."""
        return sum(one.changed for one in self.operations)

    @property
    def errors(self) -> int:
        """How many operations failed, counted on each host."""
        return sum(one.error for one in self.operations)

    @property
    def warnings(self) -> int:
        """Warnings of preflight and of the run."""
        return sum(one.severity == "warning" for one in self.findings) + sum(
            one.level == "warning" for one in self.messages
        )
