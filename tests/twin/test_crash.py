"""A run killed anywhere: the next plain one ends in a verified cluster, unaided, and one more changes nothing.

A few cases run in CI (mark ``twin``); all with ``make test-crash``, resumable: what passed on a commit is not run again
there, and its results are what docs/reliability.md shows (tests/twin/crashproof.py).
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.twin import crashproof
from tests.twin.conftest import Twin, eventually
from tests.twin.crashcases import IN_CI, Crash, crashes
from tests.twin.crashing import CABLE, running
from tests.twin.operator import KUBECTL, NODES, Run, deploy

VERIFIED = ("service by name (DNS)", "network policy keeps a stranger out", "Hubble relay answers")
# What a killed step may have left on a host, and a later one must have cleared away.
LEFTOVERS = (
    "cd /var/lib/kubestead; ls -d download kubeadm-in-progress kubeadm-said kubeadm-first-error 2>/dev/null || true"
)


def marked(crash: Crash) -> Any:
    """The crash as a case of the test, with its marks."""
    where = pytest.mark.twin if crash.name in IN_CI else pytest.mark.twin_long
    return pytest.param(crash, id=crash.name, marks=[where, pytest.mark.crash])


@pytest.mark.parametrize("crash", [marked(crash) for crash in crashes()])
def test_crash(twin: Twin, crash: Crash) -> None:
    if crashproof.KEPT.passed(crash.name):
        pytest.skip("passed on this commit already")
    twin.must("reset")
    killed = kill(twin, crash)

    began = time.monotonic()
    run = deploy(twin, "cluster")
    seconds = time.monotonic() - began
    assert run.returncode == 0, run.text
    # The first run may have come to its end all the same, and then it has verified the cluster itself.
    told = killed.text if killed.returncode == 0 else run.text
    for check in VERIFIED:
        assert f"ok      {check}" in told
    again = deploy(twin, "cluster", "--json")
    assert again.returncode == 0, again.text
    assert again.changed == []
    assert nodes(twin) == [f"{node} True" for node in NODES]
    for node in NODES:
        assert twin.ssh(node, LEFTOVERS) == ""
    crashproof.record(crash, killed, seconds)


def kill(twin: Twin, crash: Crash) -> Run:
    """A run on bare hosts, ended at the crash's point; the world is as it was afterwards, but for what the run did."""
    with running(twin) as first:
        try:
            first.reach(crash.point)
            first.kill(crash)
            killed = first.end()
        finally:
            if crash.way == "link silent":
                twin.must("heal", crash.point.host, CABLE)
    assert "Traceback" not in killed.text, killed.text
    if crash.way == "controller killed":
        assert killed.returncode == -9
    elif crash.way == "Ctrl-C":
        assert killed.returncode == 130, killed.text
        assert "run the same command again" in killed.text
    elif killed.returncode == 0:
        # What was under way had come to its end by then, or the host was back in time: the run is to be believed.
        assert f"ok      {VERIFIED[-1]}" in killed.text
    else:
        assert killed.returncode == 1, killed.text
        assert crash.point.host in killed.text
    # An operator can do nothing while a host starts.
    eventually(lambda: all(twin.cli("ssh", node, "true").returncode == 0 for node in NODES), seconds=60)
    return killed


def nodes(twin: Twin) -> list[str]:
    """Every node and whether it is Ready."""
    path = '{range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}'
    return sorted(twin.ssh("k8s-cp", f"{KUBECTL} get nodes -o jsonpath='{path}'").splitlines())


@pytest.mark.twin
@pytest.mark.crash
def test_every_crash_that_runs_in_ci_is_there() -> None:
    names = [crash.name for crash in crashes()]
    assert len(names) == len(set(names)) >= 50
    assert set(IN_CI) <= set(names)
