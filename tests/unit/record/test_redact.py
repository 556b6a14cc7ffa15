"""What must not be written down is taken out, and what helps stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubestead.record.redact import MASKED, command_line, redact

BOOTSTRAP = "abcdef.0123456789abcdef"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"kubeadm join k8s-api:6443 --token {BOOTSTRAP}", BOOTSTRAP),
        (f"the token {BOOTSTRAP} is not known", BOOTSTRAP),
        (f"before\n{KEY}\nafter", "MIIabc"),
        ("-----BEGIN PRIVATE KEY-----\nMIIcut-off", "MIIcut-off"),
        ("Using certificate key:\n" + "0af1" * 16, "0af1" * 16),
        ("--certificate-key " + "0af1" * 16, "0af1" * 16),
        ("password=hunter2, user=me", "hunter2"),
        ('{"clientSecret": "s3cr3t-value"}', "s3cr3t-value"),
        ("API_KEY='a b c'", "a b c"),
        ("Authorization: Bearer aaaa.bbbb-cccc", "aaaa.bbbb-cccc"),
        ("GET https://me:hunter2@mirror.example.org/x", "hunter2"),
        ("eyJhbGciOiJSUzI1NiIs.eyJpc3MiOiJrdWJl.c2lnbmF0dXJl", "c2lnbmF0dXJl"),
    ],
)
def test_a_secret_goes(text, secret):
    assert secret not in redact(text)
    assert MASKED in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "dial tcp 192.168.1.187:6443: connect: connection refused",
        "sha256:" + "0af1" * 16 + " is not what the catalog says",
        "https://k8s-api:6443/api/v1/nodes",
        "Control plane | Short-lived join token",
        "kubeadm token create failed",
        "10.0.2.0/24 of k8s-worker1 (eth0)",
    ],
)
def test_what_helps_stays(text):
    assert redact(text) == text


def test_known_secrets_go_whatever_they_look_like():
    assert redact("it said open sesame!", ["open sesame"]) == f"it said {MASKED}!"
    assert redact("a b c", ["a", ""]) == "a b c", "too short to be taken out of every word"


def test_a_secret_within_another_leaves_nothing_of_it():
    assert redact("x secret-long x", ["secret", "secret-long"]) == f"x {MASKED} x"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["pyinfra", "i.py", "d.py", "-y"], "pyinfra i.py d.py -y"),
        (["pyinfra", "--ssh-password", "hunter2", "i.py"], f"pyinfra --ssh-password {MASKED} i.py"),
        (["pyinfra", "--ssh-key-password=hunter2"], f"pyinfra --ssh-key-password={MASKED}"),
        (["pyinfra", "--data", "force=true"], "pyinfra --data force=true"),
        (["pyinfra", "--data", "backup_phrase=hunter2"], f"pyinfra --data backup_phrase={MASKED}"),
        (["pyinfra", "--data=backup_phrase=hunter2"], f"pyinfra --data=backup_phrase={MASKED}"),
        (["pyinfra", "--limit", "a b"], "pyinfra --limit 'a b'"),
    ],
)
def test_a_command_line_shows_no_secret(words, line):
    assert command_line(words, {"force"}) == line


@given(st.text(), st.lists(st.text(min_size=4)))
def test_no_text_is_too_odd(text, secrets):
    redact(text, secrets)
