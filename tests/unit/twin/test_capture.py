"""What the twin's tests read out of frames on its links."""

from __future__ import annotations

import struct

from tests.twin.traffic.capture import ICMP, SYN, TCP, UDP, parse

MACS = bytes.fromhex("020000000002") + bytes.fromhex("020000000001")


def frame(protocol: int, body: bytes, source: str = "10.0.1.5", destination: str = "10.0.2.7", words: int = 5) -> bytes:
    """An Ethernet frame with an IPv4 packet that must not be fragmented."""
    addresses = bytes(int(part) for address in (source, destination) for part in address.split("."))
    head = struct.pack("!BBHHHBBH", 0x40 | words, 0, words * 4 + len(body), 1, 0x4000, 64, protocol, 0)
    return MACS + b"\x08\x00" + head + addresses + bytes(words * 4 - 20) + body


def test_a_connections_first_packet():
    packet = parse(frame(TCP, struct.pack("!HHIIBB", 40000, 80, 0, 0, 0x50, SYN) + bytes(6)))
    assert packet is not None
    assert (packet.source, packet.destination, packet.ports) == ("10.0.1.5", "10.0.2.7", (40000, 80))
    assert packet.macs == ("02:00:00:00:00:01", "02:00:00:00:00:02")
    assert (packet.length, packet.flags, packet.has_options, packet.is_fragment) == (40, SYN, False, False)


def test_a_packet_inside_of_vxlan():
    inner = frame(ICMP, bytes(72))
    outer = frame(
        UDP, struct.pack("!HHHH", 50000, 8472, 16 + len(inner), 0) + bytes(8) + inner, "192.0.2.1", "192.0.2.2"
    )
    packet = parse(outer)
    assert packet is not None
    assert packet.inner is not None
    assert packet.is_between("192.0.2.2", "192.0.2.1")
    assert (packet.length, packet.inner.length) == (142, 92)
    assert packet.inner.is_between("10.0.1.5", "10.0.2.7")


def test_options_and_what_is_no_ipv4():
    packet = parse(frame(ICMP, bytes(8), words=7))
    assert packet is not None
    assert packet.has_options
    assert parse(MACS + b"\x08\x06" + bytes(40)) is None
    assert parse(b"short") is None
