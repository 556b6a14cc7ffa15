"""What the datapath itself decides: an endpoint's policy map, and how it is looked up. Pure.

Source: Cilium 1.18.4, bpf/lib/policy.h (__policy_can_access) and pkg/maps/policymap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# Numbers of the Internet protocols (IANA).
PROTOCOLS = {"tcp": 6, "udp": 17, "sctp": 132}
ANYBODY = 0
# Of a key's prefix, what is always compared (identity and direction); then 8 bits of protocol and 16 of port.
_STATIC_BITS, _PROTOCOL_BITS = 40, 8
_DENY = 1


@dataclass(frozen=True)
class Entry:
    """An entry of the map.

    Args:
        identity: of the peer; 0: anybody.
        egress: whether it is about what leaves the pod.
        protocol, port: what it is about, as far as ``bits`` say: 0 of any protocol, 8 of any port, up to 24.
        deny: it forbids.
        proxy_port: where the connection is sent; 0: nowhere else.
        priority: of two entries with proxies, the higher one wins.
    """

    identity: int
    egress: bool
    protocol: int
    port: int
    bits: int
    deny: bool
    proxy_port: int
    priority: int

    def covers(self, protocol: int, port: int) -> bool:
        """Whether it is about this protocol and port."""
        if self.bits == 0:
            return True
        mask = 0xFFFF << (16 - max(0, self.bits - _PROTOCOL_BITS)) & 0xFFFF
        return self.protocol == protocol and self.port & mask == port & mask


def entries(dump: Iterable[Mapping[str, Any]]) -> list[Entry]:
    """The entries as ``cilium-dbg bpf policy get ID --output json`` prints them."""
    return [_entry(one) for one in dump]


def _entry(one: Mapping[str, Any]) -> Entry:
    key = one["Key"]
    return Entry(
        identity=int(key["Identity"]),
        egress=key["TrafficDirection"] == 1,
        protocol=int(key["Nexthdr"]),
        port=_host_order(key["DestPortNetwork"]),
        bits=int(key["Prefixlen"]) - _STATIC_BITS,
        deny=bool(int(one["Flags"]) & _DENY),
        proxy_port=_host_order(one["ProxyPortNetwork"]),
        priority=int(one.get("ProxyPortPriority") or 0),
    )


def _host_order(port: int) -> int:
    """A port as the network writes it, which amd64 and arm64 read the other way round."""
    return int.from_bytes(int(port).to_bytes(2, "little"), "big")


def lookup(found: Iterable[Entry], egress: bool, identity: int, protocol: int, port: int) -> Entry | None:
    """The entry that decides about a peer; None where there is none: then the connection is denied.

    Both the best entry for the peer itself and the best one for anybody are looked up. Deny wins; then the higher
    priority of a proxy; then the one that says more about the port; then the one that names the peer.
    """
    fitting = [one for one in found if one.egress == egress and one.covers(protocol, port)]
    own = _best(one for one in fitting if one.identity == identity and identity != ANYBODY)
    anybody = _best(one for one in fitting if one.identity == ANYBODY)
    if own is None or anybody is None or own.deny:
        return own or anybody
    if anybody.deny or (anybody.priority, anybody.bits) > (own.priority, own.bits):
        return anybody
    return own


def _best(found: Iterable[Entry]) -> Entry | None:
    """The one with the longest prefix, as the map's own lookup has it."""
    return max(found, key=lambda one: one.bits, default=None)
