"""Packets the datapath drops: what it counts since the node started, and what it counts just now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kubestead.cilium.status.model import HostView
from kubestead.cilium.status.trouble import GENTLE, Kind, Trouble
from kubestead.cilium.status.view import View

# Counted as dropped on any healthy node: what a pod's link says of itself, what policies are for, what was meant for
# nobody. Names: pkg/monitor/api/drop.go.
USUAL = frozenset({
    *("Unsupported L3 protocol", "Unsupported L2 protocol", "Invalid source ip", "Forbidden ICMPv6 message"),
    *("Unknown ICMPv6 type", "Unknown ICMPv6 code", "IGMP handled", "IGMP subscribed", "Multicast handled"),
    *("TTL exceeded", "VLAN traffic disallowed by VLAN filter", "Punt to proxy", "NAT not needed"),
    *("CT: Unknown L4 protocol", "Unknown L4 protocol", "Stale or unroutable IP"),
})  # fmt: skip
POLICY = frozenset({"Policy denied", "Policy denied by denylist", "Denied by LB src range check"})
MEANS = {
    "CT: Map insertion failed": "the table of connections is full: new connections fail (chart value bpf.ctTcpMax)",
    "No mapping for NAT masquerade": "source ports for masquerading have run out (chart value bpf.natMax)",
    "FIB lookup failed": "the host has no route or no neighbour for what it should send on",
    "Authentication required": "a policy asks for mutual authentication, and nobody has vouched for the peer yet",
    "Service backend not found": "a service has no pod behind it that is ready",
    "Fragmentation needed": "packets are larger than the path takes: compare MTUs",
    "No tunnel/encapsulation endpoint (datapath BUG!)": "the node does not know where the other pod's node is",
    "Missed tail call": "a program of the datapath is missing: the agent loads them as it starts",
    "Host datapath not ready": "the agent has only just started there",
    "Traffic is unencrypted": "strict encryption drops what comes in the clear: the peer does not encrypt",
}


def drops(view: View) -> Iterator[Trouble]:
    """Reasons that are counted just now and are no policy's; totals alone tell no one when that was."""
    for node, host in view.hosts.items():
        growing = {
            key: count
            for key, count in (growth(host) or {}).items()
            if count and key[0] not in USUAL | POLICY and not view.down(node)
        }
        for (reason, direction), count in sorted(growing.items(), key=lambda item: -item[1]):
            what = f"its datapath drops packets: {reason} ({direction})"
            seen = (f"{count} more within the moment this took; {totals(host).get(reason, 0)} since the node started",)
            means = MEANS.get(reason, "connections there fail or stall")
            then = f"{view.exec(node)} hubble observe --verdict DROPPED --last 20"
            yield Trouble(Kind.DROPS, node, what, means, then, seen, GENTLE)


def growth(host: HostView) -> dict[tuple[str, str], int] | None:
    """How much each reason and direction grew between the two readings; None where there were none."""
    if host.drops is None:
        return None
    before, after = host.drops
    # The counters start anew when the maps are made anew.
    return {key: max(0, count - before.get(key, 0)) for key, count in after.items()}


def totals(host: HostView) -> Mapping[str, int]:
    """Dropped packets by reason since the node started, the most first, without what is usual on any node."""
    found: dict[str, int] = {}
    for (reason, _), count in (host.drops[1] if host.drops else {}).items():
        if reason not in USUAL and count:
            found[reason] = found.get(reason, 0) + count
    return dict(sorted(found.items(), key=lambda item: -item[1]))
