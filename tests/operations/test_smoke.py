"""The full smoke: when it runs, and when it passes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pyinfra.api.operation import OperationMeta
from pyinfra.connectors.util import CommandOutput, OutputLine

from kubestead.health import ClusterState, Node, Proof
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
        self.ran: list[str] = []

    def run_shell_command(self, command: str, **arguments: Any) -> tuple[bool, CommandOutput]:
        self.ran.append(str(command))
        return self.answer


@pytest.mark.parametrize(
    ("ok", "lines", "passes"),
    [(True, [GOOD, GOOD], True), (True, [GOOD, BAD], False), (True, [], False), (False, [GOOD], False)],
    ids=["all well", "one failed", "said nothing", "broke off"],
)
def test_the_smoke_passes_only_when_every_check_did(ok, lines, passes):
    assert run(smoke, ShellHost(ok, *lines), **ARGUMENTS, only_if_changed=False).call(0) is passes


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


@pytest.mark.parametrize(
    ("nodes", "runs"),
    [([Node("a", "True", "1"), Node("b", "True", "2")], False),
     ([Node("a", "True", "1"), Node("b", "True", "3")], True),
     ([Node("a", "True", "1"), Node("b", "True", "2"), Node("of others", "True", "9")], False)],
    ids=["as it passed", "one joined since", "one that is not ours"],
)  # fmt: skip
def test_a_smoke_that_was_never_passed_is_run_though_nothing_changed(nodes, runs):
    """A run that was killed after its last change leaves a cluster nobody has proven."""
    host = Host({})
    host.state.ops = {}
    host.data = {"cluster_state": ClusterState(True, tuple(nodes), proof=Proof(("1", "2")))}
    assert bool(run(smoke, host, **ARGUMENTS, only_if_changed=True).commands) is runs


def test_what_passed_is_written_down_after_it_passed(monkeypatch):
    told = {}
    monkeypatch.setattr("kubestead.operations.smoke.record", lambda **facts: told.update(facts))
    rows = ["Node\ta\t1\t", "CiliumNode\ta\t7\t10.0.0.0/24 fd00::/64"]
    outcome = run(smoke, ShellHost(True, *rows), **ARGUMENTS, only_if_changed=False)
    assert outcome.call(1) is True
    assert outcome.host.ran[-1].endswith("mv /var/lib/kubestead/smoke-passed.new /var/lib/kubestead/smoke-passed; "
                                         "cat /var/lib/kubestead/smoke-passed")  # fmt: skip
    proof = Proof.parse(rows)
    assert told == {"pod_networks": dict(proof.pod_networks)}
    assert proof == Proof(("1",), (("a", ("10.0.0.0/24", "fd00::/64")),))


@pytest.mark.parametrize("changes", [False, True])
def test_the_plan_tells_whether_the_smoke_will_run(changes):
    """It does when another operation will change something, on whichever host; its own plan does not count."""
    host = Host({})
    host.current_op_hash = "smoke"
    planned = {name: SimpleNamespace(operation_meta=OperationMeta(name, change)) for name, change in
               {"files": changes, "modules": False, "smoke": True}.items()}  # fmt: skip
    host.state.ops = {"a": {"smoke": planned.pop("smoke")}, "b": planned}
    assert bool(run(smoke, host, **ARGUMENTS, only_if_changed=True, executing=False).commands) is changes
