"""The watcher's lines in authorized_keys and known_hosts: ours exactly, everybody else's untouched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubestead.watchhost.keys import authorised_line, known_host, with_watchers

LINES = [authorised_line(f"ssh-ed25519 AAAA{n} any", f"cp{n}", f"192.0.2.{n}") for n in (1, 2)]


def test_a_line_names_the_address_and_takes_everything_else_away():
    assert LINES[0] == 'from="192.0.2.1",restrict ssh-ed25519 AAAA1 kubestead-watch@cp1'


@pytest.mark.parametrize("key", ["", "ssh-ed25519", "ssh-rsa AAAA", "ssh-ed25519 A\nssh-ed25519 B"])
def test_what_is_no_single_ed25519_key_is_refused(key):
    with pytest.raises(ValueError, match="not an ed25519"):
        authorised_line(key, "cp", "192.0.2.1")


# Lines as people write them: no line breaks inside, and not ending in one of our comments.
texts = st.lists(
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))).filter(
        lambda line: "kubestead-watch@" not in line
    )
).map(lambda lines: "".join(f"{line}\n" for line in lines))


@given(texts)
def test_others_lines_stay_in_order_and_twice_is_once(text):
    once = with_watchers(text, LINES)
    assert once == text + "".join(f"{line}\n" for line in LINES)
    assert with_watchers(once, LINES) == once
    assert with_watchers(once, []) == text


def test_a_file_without_a_last_newline_does_not_swallow_a_key():
    assert with_watchers("ssh-rsa AAAA me", LINES[:1]) == f"ssh-rsa AAAA me\n{LINES[0]}\n"


def test_a_file_without_our_lines_is_left_as_it_is():
    assert with_watchers("ssh-rsa AAAA me", []) == "ssh-rsa AAAA me"


@pytest.mark.parametrize(("port", "start"), [(22, "192.0.2.1 "), (2222, "[192.0.2.1]:2222 ")])
def test_known_hosts_names_another_port(port, start):
    assert known_host("192.0.2.1", port, "ssh-ed25519 AAAA") == f"{start}ssh-ed25519 AAAA"
