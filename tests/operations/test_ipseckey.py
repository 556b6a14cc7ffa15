"""The key for IPsec is made, kept, rotated; its script, run by a shell, gives it to the API and to nobody else."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api import OperationError

from kubestead.cilium.ipseckey import ALGORITHM, KeySeen, KeysInUse
from kubestead.cilium.rollout import AgentPod, Rollout
from kubestead.facts.ciliumrollout import CiliumRollout
from kubestead.facts.ipseckey import IpsecKey, IpsecKeysInUse, IpsecSecret
from kubestead.operations import ipseckey
from kubestead.operations.ipseckey import ipsec_key
from tests.operations.harness import Outcome, run

OFF = KeysInUse()
OURS = KeySeen("812", 1, 4, "3+", ALGORITHM, 40, "128")
# What the script is run beside: it keeps its arguments and what it reads.
KUBECTL = """#!/bin/sh
echo "$@" >> arguments
cat > sent
"""


def rollout(newest: bool = True) -> Rollout:
    return Rollout((AgentPod("cilium-a", "u", "n1", True, newest),), (), True, True)


def outcome(
    secret: KeySeen | None, rotate: bool = False, in_use: Any = OFF, agents: Any = None, **more: Any
) -> Outcome:
    facts = {IpsecKey: IpsecSecret(secret), IpsecKeysInUse: in_use, CiliumRollout: agents or rollout()}
    return run(ipsec_key, facts, rotate=rotate, **more)


def sent(script: str, folder: Path) -> tuple[dict[str, Any], str]:
    """What kubectl was given to read as JSON and as arguments, and all that was printed."""
    (folder / "kubectl").write_text(KUBECTL)
    (folder / "kubectl").chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", script], cwd=folder, env={"PATH": f"{folder}:/usr/bin:/bin"}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout + done.stderr == ""
    return json.loads((folder / "sent").read_text()), (folder / "arguments").read_text()


@pytest.mark.parametrize("answer", [IpsecSecret(), None], ids=["missing", "no API yet"])
def test_a_missing_key_is_made(tmp_path: Path, answer: IpsecSecret | None) -> None:
    (script,) = run(ipsec_key, {IpsecKey: answer}).shell
    manifest, arguments = sent(script, tmp_path)
    assert manifest["metadata"] == {"name": "cilium-ipsec-keys", "namespace": "kube-system"}
    number, algorithm, key, bits = manifest["stringData"]["keys"].split()
    assert (number, algorithm, len(bytes.fromhex(key)), bits) == ("3+", ALGORITHM, 20, "128")
    assert " create " in arguments, "one that is there after all is not overwritten"
    assert key not in arguments
    again, _ = sent(script, tmp_path)
    assert again["stringData"]["keys"].split()[2] != key


def test_a_key_is_kept() -> None:
    done = outcome(OURS)
    assert (done.commands, done.noop) == ([], "key 3 is there, and kept")


def test_the_next_key_takes_its_place_by_the_version_that_was_seen(tmp_path: Path) -> None:
    done = outcome(KeySeen("812", 1, 4, "15", ALGORITHM, 72, "128"), rotate=True)
    patch, arguments = sent(done.shell[0], tmp_path)
    assert patch["metadata"] == {"resourceVersion": "812"}
    number, algorithm, key, bits = patch["stringData"]["keys"].split()
    assert (number, algorithm, len(key), bits) == ("1+", ALGORITHM, 72, "128")
    assert "patch secret cilium-ipsec-keys" in arguments
    assert key not in arguments
    assert len(done.commands) == 2


def test_a_key_that_agents_end_at_is_told() -> None:
    with pytest.raises(OperationError, match=r"its number is '0'.*delete secret cilium-ipsec-keys"):
        outcome(KeySeen("812", 1, 4, "0", ALGORITHM, 40, "128"), executing=False)


@pytest.mark.parametrize(
    ("secret", "in_use", "agents", "words"),
    [
        (KeySeen("1", 1, 5, "7", "hmac(sha256)", 64, "cbc(aes)"), KeysInUse(), rollout(), "rotate it by hand"),
        (OURS, KeysInUse(True, {"n1": 2}), rollout(), "key 3 is not in use everywhere yet: n1 uses 2"),
        (OURS, KeysInUse(True, {"n1": 3}), rollout(newest=False), "an older configuration: n1"),
    ],
)
def test_what_a_rotation_is_refused_for(secret: KeySeen, in_use: KeysInUse, agents: Rollout, words: str) -> None:
    with pytest.raises(OperationError, match=words):
        outcome(secret, rotate=True, in_use=in_use, agents=agents, executing=False)


def test_a_rotation_without_an_answer_fails() -> None:
    (command,) = outcome(OURS, rotate=True, in_use=None).shell
    assert "its API does not answer" in command


def looks(*answers: KeysInUse | None) -> Iterator[KeysInUse | None]:
    return iter([KeysInUse(True, {"n1": 3, "n2": 3}), *answers])


def test_every_agent_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ipseckey, "BETWEEN_LOOKS", 0)
    later = looks(None, KeysInUse(True, {"n1": 4, "n2": 3}), KeysInUse(True, {"n1": 4, "n2": 4}))
    assert outcome(OURS, rotate=True, in_use=later).call() is True
    assert next(later, "asked to the end") == "asked to the end"


def test_an_agent_that_keeps_the_old_key_is_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ipseckey, "BETWEEN_LOOKS", 0)
    monkeypatch.setattr(ipseckey, "ADOPTED_SECONDS", -1)
    assert outcome(OURS, rotate=True, in_use=looks(KeysInUse(True, {"n1": 4, "n2": 3}))).call() is False
    assert "key 4 is not in use everywhere after 0 s: n2 uses 3" in caplog.text


def test_without_ipsec_nobody_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    assert outcome(OURS, rotate=True).call() is True
