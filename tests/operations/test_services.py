"""systemd services, the barrier, and what was changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pyinfra.api.operation import OperationMeta
from pyinfra.connectors.util import CommandOutput

from kubestead.facts.systemd import UnitState, UnitStates, WrittenSinceStart
from kubestead.operations.flow import barrier, changed, failure
from kubestead.operations.systemd import service
from tests.operations.harness import run
from tests.shell import sh

UNIT = "x.service"
WELL = UnitState(load="loaded", active="active", enabled="enabled", needs_reload=False)


def commands(state: UnitState | None, **arguments: object) -> list[str]:
    facts = {UnitStates: {UNIT: state} if state else {}}
    return [command.removeprefix("systemctl ") for command in run(service, facts, unit=UNIT, **arguments).shell]


def state(**changes: object) -> UnitState:
    return replace(WELL, **changes)


@pytest.mark.parametrize(("written", "expected"), [([], []), (["/etc/x.toml"], ["systemctl restart x.service"])])
def test_a_file_written_by_a_run_that_was_killed_before_the_restart(written, expected):
    facts = {UnitStates: {UNIT: WELL}, WrittenSinceStart: written}
    assert run(service, facts, unit=UNIT, files=("/etc/x.toml",)).shell == expected


@pytest.mark.parametrize(
    ("before", "arguments", "expected"),
    [
        (WELL, {}, []),
        (WELL, {"restart_if": lambda: False}, []),
        (WELL, {"restart_if": lambda: True}, ["restart x.service"]),
        (WELL, {"restart_if": lambda: True, "running": False}, ["daemon-reload"]),
        (state(active="activating"), {}, []),
        (state(active="activating"), {"restart_if": lambda: True}, ["restart x.service"]),
        (state(outdated=True), {}, ["restart x.service"]),
        (state(outdated=True), {"running": False}, []),
        (
            state(load="masked", active="inactive", enabled="masked"),
            {},
            ["unmask --quiet x.service", "enable --quiet x.service", "start x.service"],
        ),
        (state(active="failed"), {"restart_if": lambda: True}, ["start x.service"]),
        (state(active="inactive"), {"running": False}, []),
        (state(enabled="disabled"), {}, ["enable --quiet x.service"]),
        (state(needs_reload=True), {}, ["daemon-reload", "restart x.service"]),
        (state(needs_reload=True), {"running": False}, ["daemon-reload"]),
        (
            state(load="not-found", active="inactive", enabled=""),
            {},
            ["daemon-reload", "enable --quiet x.service", "start x.service"],
        ),
        (None, {"running": False}, ["daemon-reload", "enable --quiet x.service"]),
    ],
)
def test_a_service_gets_what_it_lacks(before, arguments, expected):
    assert commands(before, **arguments) == expected


def test_a_service_that_is_well_is_left():
    assert run(service, {UnitStates: {UNIT: WELL}}, unit=UNIT).noop == "x.service is enabled and running"
    assert run(service, {UnitStates: {UNIT: WELL}}, unit=UNIT, running=False).noop == "x.service is enabled"


def test_the_barrier_does_nothing():
    outcome = run(barrier, {})
    assert outcome.commands == []
    assert outcome.noop


def meta(done: bool | None, planned: bool) -> OperationMeta:
    result = OperationMeta("hash", planned)
    if done is not None:
        result.set_complete(True, ["command"] if done else [], CommandOutput([]))
    return result


@pytest.mark.parametrize(
    ("metas", "expected"),
    [
        ([], False),
        ([meta(None, planned=False)], False),
        ([meta(None, planned=False), meta(None, planned=True)], True),
        ([meta(False, planned=True)], False),
        ([meta(False, planned=False), meta(True, planned=False)], True),
    ],
)
def test_changed_tells_the_plan_before_and_the_truth_after(metas, expected):
    assert changed(*metas) is expected


def test_a_failure_says_its_message_whatever_is_in_it():
    message = "it's $(id) `id`\n100 % \\n"
    done = sh(failure(message))
    assert (done.returncode, done.stdout, done.stderr.decode()) == (1, b"", message + "\n")
