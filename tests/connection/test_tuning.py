"""SSH connections as they are tuned: by a process of its own, since paramiko is changed for all of one."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

TUNED = """
import json, socket
import paramiko
from kubestead.connection import tune_connections

tune_connections()
tune_connections()  # pyinfra may read config.py again
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as link:
    transport = paramiko.Transport(link)
    print(json.dumps({
        "wakes": link.gettimeout(),
        "ciphers": transport.get_security_options().ciphers,
        "keepalive": link.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
        "no delay": link.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY),
        "known": sorted(transport._cipher_info),
    }))
"""


@pytest.fixture(scope="module")
def tuned() -> dict[str, object]:
    done = subprocess.run([sys.executable, "-c", TUNED], capture_output=True, text=True, check=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_small_packets_go_at_once_and_a_dead_link_is_noticed(tuned: dict[str, object]) -> None:
    assert tuned["no delay"] == 1
    assert tuned["keepalive"] == 1


def test_an_idle_connection_wakes_up_once_a_second(tuned: dict[str, object]) -> None:
    assert tuned["wakes"] == 1.0


def test_the_cheapest_cipher_comes_first_and_none_is_lost(tuned: dict[str, object]) -> None:
    ciphers = tuned["ciphers"]
    assert isinstance(ciphers, list)
    assert ciphers[0] == "aes128-gcm@openssh.com"
    assert sorted(ciphers) == tuned["known"]
