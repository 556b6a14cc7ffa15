"""The twins the tests share: the lab (``twin``), and a small one (``small_twin``) for what would disturb it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kubestead.twin import commands

SMALL = "test-small"
# What the dry run before :func:`built` said would change on bare hosts, and what the run then changed.
FIRST_RUN: dict[str, set[tuple[str, str]]] = {}


@dataclass(frozen=True)
class Twin:
    """A twin as a person uses it: through its command line."""

    name: str

    def cli(self, command: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run ``kubestead twin COMMAND --name NAME ARGUMENTS``."""
        argv = [sys.executable, "-m", "kubestead.cli", "twin", command, "--name", self.name, *arguments]
        return subprocess.run(argv, capture_output=True, text=True, check=False, **options)

    def must(self, command: str, *arguments: str, **options: Any) -> str:
        """:meth:`cli` that has to succeed; its stdout."""
        done = self.cli(command, *arguments, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ssh(self, node: str, command: str) -> str:
        """What a command printed on a host, where it has to succeed; by the same ssh as the command's."""
        inside = ["nsenter", f"--net=/run/netns/kubestead-{self.name}"]
        argv = [*inside, *commands.ssh_command(self.name, node, "root", [command])]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def status(self) -> dict[str, Any]:
        """``status --json``."""
        found: dict[str, Any] = json.loads(self.must("status", "--json"))
        return found

    def host(self, node: str) -> dict[str, Any]:
        """One host of :meth:`status`."""
        return next(host for host in self.status()["hosts"] if host["node"] == node)

    @property
    def record(self) -> dict[str, Any]:
        """The record of the twin in force."""
        found: dict[str, Any] = json.loads(Path(f"/run/kubestead/twins/{self.name}/twin.json").read_text())
        return found

    @property
    def state(self) -> Path:
        """The folder with its disks, keys and logs."""
        return Path(self.record["state"])


def eventually(condition: Callable[[], object], seconds: float = 30) -> None:
    """Watch a condition until it holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.1)


@pytest.fixture(scope="session")
def twin() -> Iterator[Twin]:
    """The lab's twin under a name of the tests' own, taken down at the end; nobody's own lab is touched.

    ``KUBESTEAD_TEST_TWIN`` names a twin that is up already and stays up, for quick work on a test.
    """
    kept = os.environ.get("KUBESTEAD_TEST_TWIN")
    lab = Twin(kept or "test")
    lab.must("up")
    yield lab
    if not kept:
        lab.must("down")


@pytest.fixture(scope="session")
def small_twin_for_all() -> Iterator[Twin]:
    """One host, no mirror, taken down at the end."""
    small = Twin(SMALL)
    small.must("down")
    yield small
    small.must("down")


@pytest.fixture
def small_twin(small_twin_for_all: Twin) -> Twin:
    """The small twin, up, whatever the test before did to it."""
    small_twin_for_all.must("up", "--control-planes", "1", "--no-mirror", "--workers", "0")
    return small_twin_for_all


@pytest.fixture(scope="session")
def built(twin: Twin) -> Twin:
    """The lab, built from bare hosts by one run of ``deploys/cluster.py``."""
    from tests.twin.operator import changes, deploy, planned  # they need Twin

    twin.must("reset")
    dry = deploy(twin, "cluster", "--dry", "--json")
    assert dry.returncode == 0, dry.text
    run = deploy(twin, "cluster")
    assert run.returncode == 0, run.text
    FIRST_RUN.update(plan=planned(dry), changes=changes())
    assert "FAILED" not in run.text
    for check in ("service by name (DNS)", "network policy keeps a stranger out", "Hubble relay answers"):
        assert f"ok      {check}" in run.text
    return twin
