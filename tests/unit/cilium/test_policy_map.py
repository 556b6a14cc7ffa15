"""The policy map's look-up, beside a plain reading of bpf/lib/policy.h."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kubestead.cilium.policymap import Entry, entries, lookup

TCP, UDP = 6, 17


def entry(
    identity: int = 0, port: int = 0, bits: int = 0, *, deny: bool = False, proxy: int = 0, priority: int = 0
) -> Entry:
    return Entry(identity, False, TCP if bits else 0, port, bits, deny, proxy, priority)


def verdict(*found: Entry, identity: int = 100, protocol: int = TCP, port: int = 8080) -> Entry | None:
    return lookup(found, False, identity, protocol, port)


def test_nothing_that_fits_is_a_denial() -> None:
    assert verdict() is None
    assert verdict(entry(101), entry(100, 8081, 24)) is None
    assert verdict(entry(100, 8080, 24), protocol=UDP) is None
    assert lookup([entry(100)], True, 100, TCP, 8080) is None


def test_deny_wins_wherever_it_stands() -> None:
    for denying, allowing in ((entry(100, deny=True), entry(0, 8080, 24)), (entry(0, deny=True), entry(100, 8080, 24))):
        assert verdict(denying, allowing) is denying
        assert verdict(allowing, denying) is denying


def test_the_more_specific_port_wins_then_the_peer() -> None:
    own, anybody = entry(100), entry(0, 8080, 24)
    assert verdict(own, anybody) is anybody
    own = entry(100, 8080, 24)
    assert verdict(own, anybody) is own


def test_a_proxys_priority_wins_over_the_port() -> None:
    own, anybody = entry(100, 8080, 24), entry(0, proxy=15000, priority=5)
    assert verdict(own, anybody) is anybody


def test_a_range_of_ports() -> None:
    nine = entry(100, 9000, 8 + 13)  # 9000 to 9007
    assert [port for port in range(8990, 9020) if verdict(nine, port=port)] == list(range(9000, 9008))
    assert verdict(entry(100, 0, 8), port=1)


def test_entries_as_the_agent_prints_them() -> None:
    printed = {
        "ProxyPortNetwork": 38970, "Flags": 193, "AuthRequirement": 0, "ProxyPortPriority": 3, "Pad1": 0, "Pad2": 0,
        "Packets": 0, "Bytes": 0,
        "Key": {"Prefixlen": 64, "Identity": 2, "TrafficDirection": 1, "Nexthdr": 6, "DestPortNetwork": 36895},
    }  # fmt: skip
    assert entries([printed]) == [Entry(2, True, TCP, 8080, 24, True, 15000, 3)]


def plain(found: list[Entry], identity: int, port: int) -> Entry | None:
    """__policy_can_access, line by line."""

    def map_lookup(label: int) -> Entry | None:
        fitting = [one for one in found if one.identity == label and one.covers(TCP, port)]
        return max(fitting, key=lambda one: one.bits, default=None)

    policy = map_lookup(identity)
    if policy and policy.deny:
        return policy
    l4policy = map_lookup(0)
    if l4policy and (
        l4policy.deny
        or not policy
        or l4policy.priority > policy.priority
        or (l4policy.priority == policy.priority and l4policy.bits > policy.bits)
    ):
        return l4policy
    return policy


ENTRY = st.builds(
    lambda identity, port, bits, deny, priority: entry(identity, port, bits, deny=deny, priority=priority),
    st.sampled_from([0, 1, 2]), st.sampled_from([0, 8, 15, 8080]), st.sampled_from([0, 8, 20, 24]), st.booleans(),
    st.integers(0, 2),
)  # fmt: skip


# The map has one entry for a key.
@given(st.lists(ENTRY, max_size=8, unique_by=lambda one: (one.identity, one.port, one.bits)),
       st.sampled_from([1, 2]), st.sampled_from([8, 15, 80, 8080]))  # fmt: skip
def test_the_lookup_is_the_datapaths(found: list[Entry], identity: int, port: int) -> None:
    assert lookup(found, False, identity, TCP, port) == plain(found, identity, port)
