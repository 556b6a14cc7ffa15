"""The caches: keys, locks, and entries that appear whole or not at all."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubestead import cache


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_the_root_follows_xdg(tmp_path, monkeypatch):
    assert cache.root() == tmp_path / "kubestead"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert str(cache.root()) == "/home/somebody/.cache/kubestead"


@given(st.lists(st.text() | st.binary(), max_size=4), st.lists(st.text() | st.binary(), max_size=4))
def test_keys_differ_when_the_parts_do(one, other):
    as_bytes = [[part.encode() if isinstance(part, str) else part for part in parts] for parts in (one, other)]
    assert (cache.content_key(*one) == cache.content_key(*other)) == (as_bytes[0] == as_bytes[1])


def test_a_file_counts_by_its_content(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("same")
    second.write_text("same")
    assert cache.content_key(first) == cache.content_key(second) == cache.content_key("same")


def test_an_entry_appears_when_its_block_ends_well(tmp_path):
    final = tmp_path / "entries" / "one"
    with cache.new_entry(final) as work:
        (work / "file").write_text("x")
        assert not final.exists()
    assert (final / "file").read_text() == "x"
    assert list(final.parent.iterdir()) == [final]


def test_a_failed_entry_leaves_nothing(tmp_path):
    final = tmp_path / "entries" / "one"
    with pytest.raises(RuntimeError), cache.new_entry(final) as work:
        (work / "file").write_text("x")
        raise RuntimeError
    assert list(final.parent.iterdir()) == []


def test_the_lock_keeps_a_second_process_waiting():
    program = "from kubestead import cache\nprint('wants it', flush=True)\nwith cache.lock('build'): print('has it')"
    with cache.lock("build"):
        second = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        assert second.stdout.readline() == "wants it\n"
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(0.3)
    assert second.communicate(timeout=20)[0] == "has it\n"
    assert second.returncode == 0
