"""The Secret is taken apart by the host's own shell, and the key stays there."""

from __future__ import annotations

import subprocess
from base64 import b64encode

import pytest

from kubestead.cilium.ipseckey import KeySeen, KeysInUse
from kubestead.facts.ipseckey import IpsecKey, IpsecKeysInUse, IpsecSecret

KEY = "2b7e151628aed2a6abf7158809cf4f3c00112233"


def shell(stub: str, command: str) -> list[str]:
    script = f"kubectl() {{ {stub}; }}; {command}"
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (f"3+ rfc4106(gcm(aes)) {KEY} 128", KeySeen("812", 1, 4, "3+", "rfc4106(gcm(aes))", 40, "128")),
        (f"15 rfc4106(gcm(aes)) 0x{KEY} 128\n", KeySeen("812", 1, 4, "15", "rfc4106(gcm(aes))", 40, "128")),
        (f"7 hmac(sha256) {KEY} cbc(aes) {KEY}", KeySeen("812", 1, 5, "7", "hmac(sha256)", 40, "cbc(aes)")),
        (f"3+ rfc4106(gcm(aes)) {KEY[:-1]}g 128", KeySeen("812", 1, 4, "3+", "rfc4106(gcm(aes))", 0, "128")),
        ("3+", KeySeen("812", 1, 1, "3+", "", 0, "")),
        ("", KeySeen("812")),
    ],
)
def test_the_form_of_a_key(text: str, seen: KeySeen) -> None:
    fact = IpsecKey()
    lines = shell(f"printf '812 %s' '{b64encode(text.encode()).decode()}'", fact.command())
    assert fact.process(lines) == IpsecSecret(seen)
    assert not any(KEY[:8] in line for line in lines)


def test_no_secret_and_no_answer() -> None:
    fact = IpsecKey()
    assert fact.process(shell("true", fact.command())) == IpsecSecret()
    assert fact.process(shell("false", fact.command())) is None


def test_who_uses_which_key() -> None:
    fact = IpsecKeysInUse()
    stub = 'case "$*" in *configmap*) echo true ;; *) printf "n1\\t4\\nn2\\t\\n" ;; esac'
    assert fact.process(shell(stub, fact.command())) == KeysInUse(True, {"n1": 4, "n2": 0})
    assert fact.process(shell("true", fact.command())) == KeysInUse()
    assert fact.process(shell("false", fact.command())) is None
