"""The full smoke: when it runs, and when it passes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pyinfra.api.operation import OperationMeta
from pyinfra.connectors.util import CommandOutput, OutputLine

from kubestead.operations.smoke import smoke
from tests.operations.harness import Host, run

ARGUMENTS: dict[str, Any] = {
    "image": "agnhost@sha256:1", "nodes": ["a", "b"], "absent": [], "others": [], "dns_domain": "cluster.local",
    "egress_target": None, "hubble_relay": True,
}  # fmt: skip
GOOD, BAD = "check\tok\tDNS\t\t", "check\tfailed\tDNS\ttimed out\tkubectl logs"


class ShellHost(Host):
    """A host on which the smoke's script ends in a given way."""

    def __init__(self, ok: bool, *lines: str) -> None:
        super().__init__({})
        self.answer = ok, CommandOutput([OutputLine("stdout", line) for line in lines])

    def run_shell_command(self, command: str, **arguments: Any) -> tuple[bool, CommandOutput]:
        return self.answer


@pytest.mark.parametrize(
    ("ok", "lines", "passes"),
    [(True, [GOOD, GOOD], True), (True, [GOOD, BAD], False), (True, [], False), (False, [GOOD], False)],
    ids=["all well", "one failed", "said nothing", "broke off"],
)
def test_the_smoke_passes_only_when_every_check_did(ok, lines, passes):
    assert run(smoke, ShellHost(ok, *lines), **ARGUMENTS, only_if_changed=False).call() is passes


def meta(complete: bool, changed: bool) -> SimpleNamespace:
    operation = OperationMeta("hash", None)
    if complete:
        operation.set_complete(True, ["x"] if changed else [], CommandOutput([]))
    return SimpleNamespace(operation_meta=operation)


@pytest.mark.parametrize(
    ("metas", "runs"),
    [([], False), ([meta(True, False), meta(False, False)], False), ([meta(True, False), meta(True, True)], True)],
)
def test_the_smoke_is_left_out_when_nothing_changed(metas, runs):
    host = Host({})
    host.state.ops = {"a": {}, "b": dict(enumerate(metas))}
    outcome = run(smoke, host, **ARGUMENTS, only_if_changed=True)
    assert bool(outcome.commands) is runs
    assert outcome.noop == (None if runs else "nothing changed in this run")


@pytest.mark.parametrize("changes", [0, 2])
def test_the_plan_tells_whether_the_smoke_will_run(changes):
    host = Host({})
    host.state.meta = {"a": SimpleNamespace(ops_change=0), "b": SimpleNamespace(ops_change=changes)}
    assert bool(run(smoke, host, **ARGUMENTS, only_if_changed=True, executing=False).commands) is bool(changes)
