"""Packets on the twin's bridge, as tcpdump would see them, by a packet socket (packet(7)) on one of its links."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from kubestead.twin.network import BRIDGE
from tests.twin.conftest import Twin
from tests.twin.operator import inside_network

ICMP, TCP, UDP = 1, 6, 17
SYN, ACK = 0x02, 0x10
VXLAN_PORT = 8472
ALL_PROTOCOLS, IPV4 = 0x0003, 0x0800
# Constants of socket(7) and packet(7) that Python's socket module has not.
SOL_PACKET, ADD_MEMBERSHIP, PROMISCUOUS, RECEIVE_BUFFER_FORCED = 263, 1, 1, 33
# What comes between two looks must fit.
BUFFER_BYTES = 64 << 20
_ETHERNET, _IPV4, _UDP, _VXLAN = 14, 20, 8, 8
_FRAGMENT_OFFSET, _FRAGMENT = 0x1FFF, 0x3FFF


@dataclass(frozen=True)
class Packet:
    """An IPv4 packet.

    Args:
        source, destination: its addresses.
        protocol: ICMP, TCP or UDP by their numbers.
        ports: source and destination, 0 where it has none.
        length: of the whole packet in bytes, by its own header.
        macs: source and destination on this link.
        has_options: the header has any; DSR tells the service's address so.
        is_fragment: it is a part of a larger one.
        flags: TCP's.
        inner: the packet inside of a VXLAN one.
    """

    source: str
    destination: str
    protocol: int
    ports: tuple[int, int]
    length: int
    macs: tuple[str, str]
    has_options: bool = False
    is_fragment: bool = False
    flags: int = 0
    inner: Packet | None = None

    def is_between(self, one: str, other: str) -> bool:
        """It goes from one of two addresses to the other."""
        return {self.source, self.destination} == {one, other}


@dataclass
class Capture:
    """What was seen on a link so far."""

    raw: socket.socket
    _seen: list[Packet] = field(default_factory=list)

    def packets(self) -> list[Packet]:
        """Every IPv4 packet since the capture began."""
        while True:
            try:
                frame = self.raw.recv(65536)
            except BlockingIOError:
                return self._seen
            if packet := parse(frame):
                self._seen.append(packet)

    def between(self, one: str, other: str) -> list[Packet]:
        """Those that two addresses exchanged, as they are on the link: nothing that is inside of others."""
        return [packet for packet in self.packets() if packet.is_between(one, other)]

    def inside(self, one: str, other: str) -> list[Packet]:
        """VXLAN packets with one inside that two addresses exchanged."""
        return [packet for packet in self.packets() if packet.inner and packet.inner.is_between(one, other)]


@contextmanager
def capture(twin: Twin, link: str = BRIDGE) -> Iterator[Capture]:
    """Everything on a link of the bridge's namespace from now on.

    Args:
        twin: whose.
        link: a host's name, for what it sends and receives; the bridge's own, for what passes between hosts, each once.
    """
    with _open(twin, link) as raw:
        yield Capture(raw)


def _open(twin: Twin, link: str) -> socket.socket:
    """A socket stays in the namespace it is made in."""
    with inside_network(twin):
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
        raw.setsockopt(socket.SOL_SOCKET, RECEIVE_BUFFER_FORCED, BUFFER_BYTES)
        raw.bind((link, ALL_PROTOCOLS))
        # A bridge sees what it forwards only so.
        request = struct.pack("iHH8s", socket.if_nametoindex(link), PROMISCUOUS, 0, b"")
        raw.setsockopt(SOL_PACKET, ADD_MEMBERSHIP, request)
    raw.setblocking(False)
    return raw


def parse(frame: bytes) -> Packet | None:
    """An Ethernet frame's IPv4 packet; None where it holds none, or less than its header."""
    if len(frame) < _ETHERNET + _IPV4 or int.from_bytes(frame[12:14], "big") != IPV4:
        return None
    header = frame[_ETHERNET:]
    header_length = (header[0] & 0x0F) * 4
    length, fragment = struct.unpack_from("!H2xH", header, 2)
    protocol, body = header[9], header[header_length:]
    whole = not fragment & _FRAGMENT_OFFSET and len(body) >= _UDP
    ports = struct.unpack_from("!HH", body) if whole and protocol in (TCP, UDP) else (0, 0)
    tunnelled = protocol == UDP and ports[1] == VXLAN_PORT
    return Packet(
        source=str(IPv4Address(header[12:16])),
        destination=str(IPv4Address(header[16:20])),
        protocol=protocol,
        ports=(ports[0], ports[1]),
        length=length,
        macs=(_mac(frame[6:12]), _mac(frame[:6])),
        has_options=header_length > _IPV4,
        is_fragment=bool(fragment & _FRAGMENT),
        flags=body[13] if whole and protocol == TCP and len(body) > 13 else 0,
        inner=parse(body[_UDP + _VXLAN :]) if tunnelled else None,
    )


def _mac(address: bytes) -> str:
    return ":".join(f"{byte:02x}" for byte in address)
