"""The known_hosts file: read whole, written by many at once, nobody's line lost."""

from __future__ import annotations

import subprocess
import sys

import pytest
from paramiko import HostKeys, SSHException

from kubestead.connection.knownhosts import known, learn, name_of, replace
from kubestead.connection.sitehostkeys import SiteHostKeys
from tests.connection.server import new_key

KEY = new_key()
LINE = f"{KEY.get_name()} {KEY.get_base64()}"
# As pyinfra does it: threads are greenlets, and one that blocks stops them all.
MANY = """
from gevent import monkey
monkey.patch_all()
import sys
import threading
from pathlib import Path
import paramiko
from kubestead.connection.knownhosts import learn
path, writer = Path(sys.argv[1]), sys.argv[2]
key = paramiko.ECDSAKey.generate()
def write(own):
    for number in range(25):
        learn(path, f"host-{writer}{own}-{number}", key)
        learn(path, f"shared-{number}", key)
workers = [threading.Thread(target=write, args=(own,)) for own in "ab"]
[worker.start() for worker in workers]
[worker.join() for worker in workers]
"""


@pytest.mark.parametrize("line", ["host ssh-ed25519 AAAAC3Nza", "host ecdsa-sha2-nistp256", "host,other ssh-rsa =%="])
def test_an_unreadable_line_about_the_host_is_no_reason_to_trust_anybody(tmp_path, line):
    (tmp_path / "kh").write_text(f"# a comment\n{line}\n")
    with pytest.raises(SSHException, match="line 2"):
        SiteHostKeys([str(tmp_path / "kh")]).get("host")


def test_lines_about_others_hide_nobody(tmp_path):
    (tmp_path / "kh").write_bytes(
        f"other ssh-ed25519 AAAAC3Nza\n\xff\xfe\n@revoked host {LINE}\n|1|x|y {LINE}\nhost ssh-dss AAAA\n".encode(
            "latin1"
        )
        + f"a,host {LINE}\n".encode()
    )
    assert [(entry.line, entry.key) for entry in known(tmp_path / "kh", "host")] == [(6, KEY)]
    assert dict(SiteHostKeys([str(tmp_path / "kh")]).get("host")) == {KEY.get_name(): KEY}
    assert SiteHostKeys([str(tmp_path / "kh")]).get("nobody") is None


def test_hashed_names_and_ports(tmp_path):
    name = name_of("192.0.2.1", 2222)
    (tmp_path / "kh").write_text(f"{HostKeys.hash_host(name)} {LINE}\n")
    assert [entry.key for entry in known(tmp_path / "kh", "[192.0.2.1]:2222")] == [KEY]
    assert known(tmp_path / "kh", "192.0.2.1") == []


def test_a_line_without_an_end_is_not_glued_to(tmp_path):
    (tmp_path / "kh").write_text(f"a {LINE}")
    assert learn(tmp_path / "kh", "b", KEY) == []
    assert (tmp_path / "kh").read_text() == f"a {LINE}\nb {LINE}\n"
    (entry,) = learn(tmp_path / "kh", "b", new_key())
    assert entry.key == KEY, "another run was first"


def test_another_name_of_a_rebuilt_host_stays_with_it(tmp_path):
    (tmp_path / "kh").write_text(f"192.0.2.1,node1 ssh-rsa AAAA\nx {LINE}\n192.0.2.1 {LINE}\n")
    replace(tmp_path / "kh", "192.0.2.1", KEY)
    assert (tmp_path / "kh").read_text() == f"x {LINE}\n192.0.2.1,node1 {LINE}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["kh"]


def test_many_writers_lose_no_line_and_leave_none_half(tmp_path):
    path = tmp_path / "kh"
    argv = [sys.executable, "-c", MANY, str(path)]
    writers = [subprocess.Popen([*argv, str(number)]) for number in range(4)]
    assert [writer.wait(60) for writer in writers] == [0] * 4
    names = [line.split()[0] for line in path.read_text().splitlines()]
    expected = [f"host-{w}{own}-{n}" for w in range(4) for own in "ab" for n in range(25)] + [
        f"shared-{n}" for n in range(25)
    ]
    assert sorted(names) == sorted(expected)
    assert all(len(line.split()) == 3 for line in path.read_text().splitlines())
