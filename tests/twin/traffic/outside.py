"""A client outside the cluster: a machine on the nodes' own link, which is the twin's bridge."""

from __future__ import annotations

import http.client
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from kubestead.twin.plan import GATEWAY
from tests.twin.conftest import Twin
from tests.twin.operator import inside_network

ADDRESS = GATEWAY
"""The client's own."""


def get(twin: Twin, address: str, port: int, path: str, seconds: float = 3) -> str:
    """What an HTTP server of the cluster answers.

    Raises:
        OSError: it does not, or not in time.
    """
    with inside_network(twin):
        connection = http.client.HTTPConnection(address, port, timeout=seconds)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()


def answers(twin: Twin, address: str, port: int, seconds: float = 3) -> bool:
    """Whether an HTTP server of the cluster can be reached."""
    try:
        return bool(get(twin, address, port, "/hostname", seconds))
    except OSError:
        return False


def asked_by_udp(twin: Twin, address: str, port: int, text: str, from_port: int = 0, seconds: float = 3) -> str:
    """The answer to one datagram, sent from a port of one's choice.

    Raises:
        OSError: there is none in time.
    """
    with inside_network(twin), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(seconds)
        client.bind(("", from_port))
        client.sendto(text.encode(), (address, port))
        return client.recv(65536).decode()


@contextmanager
def listening(twin: Twin, address: str = ADDRESS) -> Iterator[socket.socket]:
    """A TCP server on an address of the client's; the kernel completes connections, :func:`caller` tells whose."""
    with inside_network(twin):
        server = socket.create_server((address, 0))
    with server:
        server.settimeout(5)
        yield server


def caller(server: socket.socket) -> str:
    """The address the next connection comes from."""
    connection, (address, _) = server.accept()
    connection.close()
    return str(address)


def opens(twin: Twin, address: str, port: int, seconds: float = 3) -> bool:
    """Whether a TCP connection from here comes about."""
    try:
        with inside_network(twin), socket.create_connection((address, port), timeout=seconds):
            return True
    except OSError:
        return False


@contextmanager
def another_address(twin: Twin, address: str) -> Iterator[None]:
    """The client has this address, too."""
    ip(twin, "address", "add", f"{address}/32", "dev", "lo")
    try:
        yield
    finally:
        ip(twin, "address", "del", f"{address}/32", "dev", "lo")


def ip(twin: Twin, *arguments: str) -> str:
    """What ``ip ARGUMENTS`` prints in the client's network."""
    argv = ["ip", "-n", f"kubestead-{twin.name}", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def neighbour(twin: Twin, address: str) -> str:
    """The MAC address the client last heard for an address on its link; empty where nobody answered."""
    words = ip(twin, "neigh", "show", address).split()
    return words[words.index("lladdr") + 1] if "lladdr" in words else ""
