"""Runs are kept apart by hosts; a lock dies with its process, however that ends."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from kubestead import lock
from kubestead.lock import Held, Holder, Lock
from kubestead.owner import Owner

HOLD = """\
import sys
from pathlib import Path
from kubestead.lock import Holder, Lock
from kubestead.owner import Owner
lock = Lock.take(Path(sys.argv[1]), Holder(Owner.present(), 1741000000.0, "pyinfra other", frozenset(sys.argv[2:])))
print("held", flush=True)
sys.stdin.read()
"""


def mine(*hosts):
    return Holder(Owner.present(), time.time(), "pyinfra mine", frozenset(hosts))


@pytest.fixture
def other(tmp_path):
    """Has another process hold hosts; it ends when its stdin does."""
    processes = []

    def hold(*hosts):
        argv = [sys.executable, "-c", HOLD, str(tmp_path), *hosts]
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield hold
    for process in processes:
        process.kill()
        process.communicate()


def test_two_runs_on_the_same_host_are_kept_apart_and_the_second_is_told_who(tmp_path, other):
    process = other("a", "b")
    with pytest.raises(Held) as caught:
        Lock.take(tmp_path, mine("b", "c"))
    said = str(caught.value)
    assert said.startswith("another run is at work on b: ")
    for words in (f"pid {process.pid}", "since 2025-03-03", "pyinfra other", f"kill {process.pid}", "changed nothing"):
        assert words in said


def test_runs_on_different_hosts_go_on_side_by_side(tmp_path, other):
    other("a")
    other("b")
    lock = Lock.take(tmp_path, mine("c"))
    assert lock.left_behind == ()
    lock.release()


def test_a_dead_owners_lock_is_taken_over_and_told(tmp_path, other):
    process = other("a")
    process.kill()
    process.wait()
    lock = Lock.take(tmp_path, mine("a"))
    (left,) = lock.left_behind
    assert (left.owner.pid, left.command, left.hosts) == (process.pid, "pyinfra other", {"a"})
    lock.release()
    assert list(tmp_path.glob("*.lock")) == []


def test_a_number_that_is_used_again_does_not_deceive(tmp_path):
    (tmp_path / "1-1.lock").write_text(json.dumps({**mine("a").to_data(), "owner": Owner.present().to_data()}))
    assert len(Lock.take(tmp_path, mine("a")).left_behind) == 1


def test_a_lock_of_another_machine_does_not_block_for_ever(tmp_path):
    """A folder that was copied or synchronised brings files, but nobody who holds them."""
    there = Owner("maria", "elsewhere.example", 1, "boot/1")
    (tmp_path / "1-1.lock").write_text(json.dumps(Holder(there, 1741000000.0, "pyinfra x", frozenset("a")).to_data()))
    assert [str(one.owner) for one in Lock.take(tmp_path, mine("a")).left_behind] == ["maria@elsewhere.example, pid 1"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"hosts": 5, "since": "x", "owner": []}', "\0"])
def test_what_a_dying_process_left_half_written(tmp_path, text):
    (tmp_path / "1-1.lock").write_text(text)
    lock = Lock.take(tmp_path, mine("a"))
    assert len(lock.left_behind) == 1
    assert lock.left_behind[0].told(time.time())
    lock.release()
    lock.release()


def test_a_held_lock_whose_words_cannot_be_read_keeps_everybody_out(tmp_path, other):
    other("a")
    next(tmp_path.glob("*.lock")).write_text("{")
    with pytest.raises(Held, match="another run is at work on z: somebody"):
        Lock.take(tmp_path, mine("z"))


def test_one_that_is_given_back_meanwhile_is_nobodys(tmp_path, monkeypatch):
    """Between the look at the folder and the look at the file."""
    path = tmp_path / "1-1.lock"
    path.write_text(json.dumps(mine("a").to_data()))
    holder = lock._holder
    monkeypatch.setattr(lock, "_holder", lambda one: (holder(one), one.unlink())[0])
    assert Lock.take(tmp_path, mine("a")).left_behind == ()
    path.write_text(json.dumps(mine("b").to_data()))
    monkeypatch.setattr(lock, "_holder", lambda one: (one.unlink(), holder(one))[1])
    assert Lock.take(tmp_path, mine("b")).left_behind == ()


def test_many_hosts_are_told_in_short(tmp_path, other):
    hosts = [f"w{n}" for n in range(9)]
    other(*hosts)
    with pytest.raises(Held, match="on w0, w1, w2 and 6 more: "):
        Lock.take(tmp_path, mine(*hosts))
