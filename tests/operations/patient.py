"""A node and a control plane for remedies: facts as given, commands answered as told, a clock that waits for nobody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from pyinfra.connectors.util import CommandOutput, OutputLine

from kubestead.facts.boot import BootId
from kubestead.facts.cilium import Agent, CiliumAgents, MissingNetworkFiles
from kubestead.facts.node import ApiNode, Clock, NodeView
from kubestead.facts.service import Service, Services
from tests.operations.harness import Data, Facts, Host

NOW = datetime(2025, 1, 1, 12, 0, 0, tzinfo=timezone.utc)
RUNS = Service("loaded", "active", "enabled", process="S")
DEAD = Service("loaded", "failed", "enabled")
AGENT = Agent("cilium-abcde", "uid-1", True, started=NOW + timedelta(seconds=1))


def view(ready: str | None = "True", age: float = 3, **more: Any) -> NodeView:
    """A node whose lease is ``age`` seconds old."""
    return NodeView(ready, NOW - timedelta(seconds=age), True, **{"cordoned": False, "asked": NOW, **more})


WELL = view()
SILENT = NodeView()
GONE = NodeView(exists=False, cordoned=False, asked=NOW)


class Played(Host):
    """A host that answers commands: by what a command holds, with lines; an exception is raised, a str is a failure."""

    def __init__(self, facts: Facts, name: str, answers: Mapping[str, Any] | None = None, **data: Any) -> None:
        super().__init__(facts, name, **data)
        self.data = Data(self.data)
        self.connected = True
        self.connector = None
        self.answers = dict(answers or {})
        self.sent: list[str] = []
        self.stdin: list[str] = []
        self.timeouts: list[float] = []

    def connect(self, **arguments: Any) -> None:
        self.connected = True

    def run_shell_command(self, command: Any, **arguments: Any) -> tuple[bool, CommandOutput]:
        text = command.get_raw_value()
        self.sent.append(text)
        self.timeouts.append(arguments["_timeout"])
        if arguments.get("_stdin"):
            self.stdin.append(arguments["_stdin"])
        answer = next((answer for words, answer in self.answers.items() if words in text), [])
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, list) and answer and isinstance(answer[0], list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        stream = "stderr" if isinstance(answer, str) else "stdout"
        lines = [answer] if isinstance(answer, str) else answer
        return not isinstance(answer, str), CommandOutput([OutputLine(stream, line) for line in lines])


def node(facts: Facts | None = None, answers: Mapping[str, Any] | None = None, **data: Any) -> Played:
    """A worker on which everything is well, but for what ``facts`` say."""
    services = {"containerd.service": RUNS, "kubelet.service": RUNS}
    well = {Services: services, Clock: NOW, MissingNetworkFiles: [], BootId: "boot-1"}
    return Played({**well, **(facts or {})}, "node1", answers, **data)


def control_plane(*views: NodeView, answers: Mapping[str, Any] | None = None, **facts: Any) -> Played:
    """A control plane whose API tells of the node one view after the other, the last one again and again."""
    told = {ApiNode: Again(views or (WELL,)), CiliumAgents: (AGENT,), **facts.pop("facts", {})}
    return Played(told, "cp", answers, **facts)


class Again:
    """An iterator that never ends: the last of some answers is given again and again."""

    def __init__(self, answers: Any) -> None:
        self.answers = list(answers)

    def __iter__(self) -> Again:
        return self

    def __next__(self) -> Any:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Time:
    """In place of the module ``time``: who sleeps finds the time gone by."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 0.01  # a look takes a moment
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
