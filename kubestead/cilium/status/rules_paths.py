"""Paths between nodes: between their own addresses, and to the health endpoint each has in the pod network.

What is asked just now counts; cilium-health's last round, up to a minute old, is used where nothing was asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import combinations

from kubestead.cilium.nodeneeds import TUNNELS
from kubestead.cilium.status.agent import HealthPath
from kubestead.cilium.status.model import HostView
from kubestead.cilium.status.trouble import Kind, Trouble, listed
from kubestead.cilium.status.view import View

Pair = frozenset[str]
WIREGUARD_PORT = "51871"
PODS = "pods on it and pods on other nodes do not reach each other, and services are hit and miss"
GREP = "sudo sh -c 'iptables-save; nft list ruleset' 2>/dev/null | grep -nE"


def paths(view: View) -> Iterator[Trouble]:
    """Everything that is wrong between nodes; of nodes that are down themselves nothing is told."""
    nodes = [node for node in view.expected if not view.down(node)]
    found = {kind: results(view, nodes, kind) for kind in ("node", "endpoint")}
    lost = {kind: {pair for pair, word in results.items() if word == "silent"} for kind, results in found.items()}
    # Where there are no health endpoints, the nodes' own addresses are all there is.
    both = lost["node"] & lost["endpoint"] if found["endpoint"] else lost["node"]
    for who in culprits(both, found["endpoint"] or found["node"], nodes):
        yield _link(view, who)
    for who in culprits(lost["endpoint"] - lost["node"], found["endpoint"], nodes):
        yield _between_pods(view, who, lost["endpoint"])
    only_health = {pair for pair in lost["node"] if found["endpoint"].get(pair) == "open"}
    for who in culprits(only_health, found["node"], nodes):
        yield _health(view, who)


def culprits(bad: set[Pair], known: Collection[Pair], nodes: Collection[str]) -> list[tuple[str, ...]]:
    """Who is behind pairs that do not reach each other: one node, all of them, or a pair on its own.

    Args:
        bad: the pairs.
        known: all pairs of which something is known.
        nodes: the nodes.
    """
    blamed = []
    for node in nodes:
        own = [pair for pair in known if node in pair]
        if len(own) > 1 and all(pair in bad for pair in own):
            blamed.append(node)
    if blamed and len(blamed) == len({node for pair in known for node in pair}):
        return [tuple(blamed)]
    rest = [pair for pair in bad if not pair.intersection(blamed)]
    return [*((node,) for node in blamed), *sorted(tuple(sorted(pair)) for pair in rest)]


def result(host: HostView, other: str, kind: str) -> tuple[str | None, str]:
    """How ``host`` found the other node: ``open``, ``refused``, ``silent``, or None; and the address."""
    for path in host.paths or ():
        if path.node == other and path.kind == kind:
            if path.address in host.probes:
                return host.probes[path.address], path.address
            if path.http is None:
                return None, path.address
            word = "refused" if "refused" in path.http else "silent"
            return word if path.http else "open", path.address
    return None, ""


def results(view: View, nodes: Collection[str], kind: str) -> dict[Pair, str]:
    """The worse of what the two say of each other, for every pair of which one says something."""
    found: dict[Pair, str] = {}
    for pair in combinations(nodes, 2):
        words = [result(view.hosts[a], b, kind)[0] for a, b in (pair, pair[::-1]) if a in view.hosts]
        if told := [word for word in words if word]:
            found[frozenset(pair)] = next((word for word in ("silent", "refused") if word in told), "open")
    return found


def _seen(view: View, who: tuple[str, ...], kinds: tuple[str, ...]) -> tuple[str, ...]:
    lines = []
    for a, host in view.hosts.items():
        for b in view.hosts:
            about = a != b and ({a, b} == {*who} if len(who) == 2 else b in who or (len(who) > 2 and a in who))
            told = [result(host, b, kind) for kind in kinds]
            if about and any(word == "silent" for word, _ in told):
                names = {"node": "its address", "endpoint": "its health endpoint"}
                words = [f"{names[kind]} {ip} {_word(word)}" for kind, (word, ip) in zip(kinds, told, strict=True)]
                lines.append(f"{a} asks {b}: {', '.join(words)}")
    return tuple(lines[:4])


def _word(word: str | None) -> str:
    return {"open": "answers", "refused": "refuses", "silent": "is silent"}.get(word or "", "was not asked")


def _where(who: tuple[str, ...]) -> str:
    return " and ".join(who) if len(who) <= 2 else f"all nodes ({listed(who)})"


def _link(view: View, who: tuple[str, ...]) -> Trouble:
    one = who[-1]
    what = "the other nodes do not reach it" if len(who) == 1 else "they do not reach each other"
    means = f"{PODS}; port 4240 and the pod network are both silent, so it is the link or a firewall that drops all"
    other = who[0] if len(who) > 1 else next((node for node in view.hosts if node != one), "another node")
    path = next((path for path in _paths_of(view, other) if (path.node, path.kind) == (one, "node")), None)
    seen = _seen(view, who, ("node", "endpoint"))
    if path and path.icmp is not None:
        told = "was not answered" if path.icmp else "was answered: a firewall rather than the link"
        seen += (f"cilium-health's ping from {other}, up to a minute ago, {told}",)
    then = f"on {other}: ping -c 3 {path.address if path else one}; on {one}: {GREP} -i 'drop|reject'"
    return Trouble(Kind.LINK_BROKEN, _where(who), what, means, then, seen)


def _paths_of(view: View, node: str) -> tuple[HealthPath, ...]:
    return (view.hosts[node].paths or ()) if node in view.hosts else ()


def _between_pods(view: View, who: tuple[str, ...], lost: set[Pair]) -> Trouble:
    one = who[-1]
    seen = _seen(view, who, ("endpoint", "node"))
    routing = view.setting("routing-mode", "tunnel")
    if routing == "native":
        peer = next((n for pair in sorted(lost, key=sorted) if one in pair for n in pair - {one}), "another node")
        address = next((p.address for p in _paths_of(view, peer) if (p.node, p.kind) == (one, "endpoint")), one)
        what = "packets of pods do not come through, though the node answers: a route or a firewall"
        then = f"on {peer}: ip route get {address}; on {one}: {GREP} -i 'drop|reject'"
        return Trouble(Kind.ROUTE_MISSING, _where(who), what, PODS, then, seen)
    protocol = view.setting("tunnel-protocol", "vxlan")
    port = view.setting("tunnel-port") or str(TUNNELS.get(protocol, TUNNELS["vxlan"]))
    ports = port
    if view.setting("enable-wireguard") == "true":
        ports = f"{WIREGUARD_PORT} (WireGuard)"
    what = f"packets of the tunnel ({protocol}, UDP {ports}) do not come through, though the node answers"
    then = f"on {one}: {GREP} '{ports.split(' ')[0]}|policy drop|DROP \\['; sudo ss -lunp | grep {port}"
    return Trouble(Kind.TUNNEL_BLOCKED, _where(who), what, PODS, then, seen)


def _health(view: View, who: tuple[str, ...]) -> Trouble:
    what = "TCP 4240 of its own address is silent, though its pods are reached"
    means = "cilium-health cannot tell a broken link there; the pods' network goes on"
    then = f"on {who[-1]}: {GREP} '4240|policy drop'"
    return Trouble(Kind.HEALTH_BLOCKED, _where(who), what, means, then, _seen(view, who, ("node",)), "warning")
