"""A diff of two texts: what changes is shown, what is secret is not, in either of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubestead.record.redact import MASKED
from kubestead.textdiff import masked, secrets_of, unified


def test_the_changed_line_is_shown_with_two_lines_around_it():
    before = "a\nb\nc\nd\ne\nf\n"
    assert unified(before, before.replace("d", "D")) == ["@@ -2,5 +2,5 @@", " b", " c", "-d", "+D", " e", " f"]


def test_the_same_text_has_no_diff():
    assert unified("a\n", "a\n") == []


def test_a_new_text_is_shown_whole():
    assert unified("", "a\nb\n") == ["@@ -0,0 +1,2 @@", "+a", "+b"]


def test_a_missing_last_newline_is_a_difference():
    assert unified("a", "a\n") == ["@@ -1 +1 @@", "-a (no newline at the end)", "+a"]


def test_what_would_move_the_cursor_is_escaped():
    assert unified("", "\x1b[2Ja\r\n") == ["@@ -0,0 +1 @@", "+\\x1b[2Ja\\r"]


NEW, OLD = "s3cret-NEW-value", "Hunter2+older/value"


@pytest.mark.parametrize(
    ("line", "old_line"),
    [
        ("  token: {}", "  token: {}"),
        ("auth = '{}' # by hand", "auth = '{}' # by hand"),
        ("auth = '{}'", "auth='{}'"),
        ("x: {}", "something else altogether {}"),
    ],
    ids=["by its name", "by its place", "by its form", "another line"],
)
def test_a_secret_and_the_one_before_it_are_masked(line, old_line):
    before, after = (f"first\n{form.format(value)}\n" for form, value in ((old_line, OLD), (line, NEW)))
    shown = "\n".join(unified(before, after, secrets=[NEW]))
    assert "\n-" in shown
    assert "\n+" in shown
    assert MASKED in shown
    assert NEW not in shown
    assert OLD not in shown


def test_what_stood_in_a_secrets_place_is_masked_whatever_it_was():
    shown = unified("x = 'hunter two'; y = 1\n", f"x = '{NEW}'; y = 2\n", [NEW])
    assert shown == ["@@ -1 +1 @@", f"-x = '{MASKED}", f"+x = '{MASKED}'; y = 2"]


def test_only_its_change_is_seen_of_a_secret():
    assert unified(f"a: {OLD}\n", f"a: {NEW}\n", [NEW]) == ["@@ -1 +1 @@", f"-a: {MASKED}", f"+a: {MASKED}"]


def test_a_secret_of_several_lines_is_masked_line_by_line():
    shown = unified("", "key: |\n  first half\n  other half\nport: 1\n", ["first half\nother half"])
    assert shown[2:4] == [f"+  {MASKED}", f"+  {MASKED}"]
    assert shown[4] == "+port: 1"


def test_a_private_key_is_masked_though_nobody_said_it_was_one():
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----\n"
    assert unified(f"a\n{key}b\n", f"a\n{key}c\n") == [
        "@@ -4,3 +4,3 @@", f" {MASKED}", f" {MASKED}", "-b", "+c",
    ]  # fmt: skip


def test_secrets_are_masked_before_yaml_writes_them_in_its_own_way():
    before = {"authn": {"key": "gr\u00fcn"}, "tls.key": "it's", "passwords": ["a\tb", "c"], "name": "plain"}
    after = {
        "authn": {"key": "blau"},
        "tls.key": "it's",
        "passwords": ["a\tb", "d", "e"],
        "name": "plain",
        "token": "t",
    }
    assert masked(before) == {"authn": {"key": MASKED}, "tls.key": MASKED, "passwords": [MASKED] * 2, "name": "plain"}
    assert masked(after, before) == {
        "authn": {"key": f"{MASKED}, another one"}, "tls.key": MASKED,
        "passwords": [MASKED, f"{MASKED}, another one", MASKED], "name": "plain", "token": MASKED,
    }  # fmt: skip


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["key", "a", "tokens", "tls.key"]), inner),
    ),
    st.data(),
)
def test_whatever_the_values_are_nothing_but_secrets_is_masked(values, data):
    hidden = masked(values, data.draw(st.sampled_from([None, values, {}, []])))
    assert set(secrets_of(hidden)) <= {MASKED, f"{MASKED}, another one"}
    assert len(secrets_of(hidden)) == len(secrets_of(values))


def test_secrets_of_values_are_told_by_their_names():
    values = {
        "tls": {"ca": {"cert": "public", "key": "k1"}}, "users": [{"name": "n", "user": {"client-key-data": "k2"}}],
        "etcd": {"adminPassword": "k3", "secretName": "plain", "publicKey": "plain"}, "token": "k4", "replicas": 2,
        "key": {"nested": "plain"}, "password": "",
    }  # fmt: skip
    assert secrets_of(values) == ["k1", "k2", "k3", "k4"]
    more = {"tls.key": "k1", "passwords": ["k2", {"token": "k3"}], "keyboard": "plain"}
    assert secrets_of(more) == ["k1", "k2", "k3"]
