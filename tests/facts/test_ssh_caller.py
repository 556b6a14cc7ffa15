"""Where a run comes from, as a host's own shell says it."""

from __future__ import annotations

import subprocess

import pytest

from kubestead.facts.sshcaller import SshCaller


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({"SSH_CONNECTION": "192.168.1.1 40112 192.168.1.187 22"}, "192.168.1.1"),
        ({"SSH_CONNECTION": "fd00::1 40112 fd00::2 22"}, "fd00::1"),
        ({}, None),
    ],
)
def test_the_caller(environment: dict[str, str], address: str | None) -> None:
    fact = SshCaller()
    done = subprocess.run(["sh", "-c", fact.command()], capture_output=True, text=True, check=True, env=environment)
    assert fact.process(done.stdout.splitlines()) == address
    assert fact.process([]) is None
    assert SshCaller.default() is None
