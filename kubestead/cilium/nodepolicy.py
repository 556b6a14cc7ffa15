"""Policies that select nodes, beside what nodes need: whom would the host firewall shut out? Pure.

Such a policy closes a node but for what policies let in, SSH and the API among it, and nothing in Cilium says so
before. Sources: Cilium 1.18's pages on the host firewall and host policies; pkg/policy/rule.go for what an entry
without peers means, pkg/k8s/apis/cilium.io/utils for what a selector selects in a policy of the whole cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from kubestead.cilium.labels import NAMESPACE, Label, selects
from kubestead.cilium.nodeneeds import Need, NodeView
from kubestead.cilium.policy import CCNP, Object

ALL_PORTS = 0
# Who is meant is decided elsewhere (a group of CIDRs, labels of nodes, a cloud's groups): such an entry may let it in.
UNSURE = ("cidrGroupRef", "cidrGroupSelector")
UNSURE_PEERS = ("Nodes", "Groups", "Services", "FQDNs", "Requires")


@dataclass(frozen=True)
class NodeRule:
    """A rule that selects nodes: where it is written, and what it says."""

    where: str
    content: Object

    def selects(self, node: NodeView) -> bool:
        """Whether it is about this node."""
        own = [Label("k8s", key, value) for key, value in node.labels.items()]
        return selects(self.content["nodeSelector"] or {}, own)

    def closes(self, direction: str) -> bool:
        """Whether what no policy lets through is refused where it selects: ``ingress`` or ``egress``."""
        wanted = (self.content.get("enableDefaultDeny") or {}).get(direction)
        about = bool(self.content.get(direction) or self.content.get(f"{direction}Deny"))
        return about if wanted is None else bool(wanted)

    def entries(self, part: str) -> list[Object]:
        """What it allows (``ingress``) or denies (``ingressDeny``)."""
        return [entry for entry in self.content.get(part) or () if isinstance(entry, Mapping)]


@dataclass(frozen=True)
class ShutOut:
    """A need that policies of these nodes refuse, and the place of the first one that does."""

    need: Need
    nodes: tuple[str, ...]
    where: str


def node_rules(objects: Iterable[tuple[str, Object]]) -> list[NodeRule]:
    """The rules of these objects that select nodes; each object comes with its place."""
    found = []
    for where, item in objects:
        if item.get("kind") == CCNP:
            for rule in (item.get("spec"), *(item.get("specs") or ())):
                if isinstance(rule, Mapping) and rule.get("nodeSelector") is not None:
                    found.append(NodeRule(where, rule))
    return found


def shut_out(rules: Sequence[NodeRule], nodes: Sequence[tuple[NodeView, Sequence[Need]]]) -> list[ShutOut]:
    """What the rules would refuse of what these nodes need, each need once with all its nodes."""
    found: dict[Need, tuple[str, list[str]]] = {}
    for node, needs in nodes:
        about = [rule for rule in rules if rule.selects(node)]
        for need in needs:
            if refused := next(_refusing(about, need), None):
                found.setdefault(need, (refused.where, []))[1].append(node.name)
    return [ShutOut(need, tuple(names), where) for need, (where, names) in found.items()]


def _refusing(rules: Sequence[NodeRule], need: Need) -> Iterator[NodeRule]:
    """The rules by which a need is refused; none where it is let through, or may be."""
    direction = need.direction
    for rule in rules:
        if any(_covers(entry, need) for entry in rule.entries(f"{direction}Deny")):
            yield rule
    if not any(_covers(entry, need, unsure=True) for rule in rules for entry in rule.entries(direction)):
        yield from (rule for rule in rules if rule.closes(direction))


def _covers(entry: Object, need: Need, *, unsure: bool = False) -> bool:
    """Whether an entry is about a need; ``unsure``: or may be."""
    return _about_port(entry, need) and _about_peer(entry, need, unsure=unsure)


def _about_port(entry: Object, need: Need) -> bool:
    if entry.get("icmps"):
        return False
    ports = [port for one in entry.get("toPorts") or () for port in one.get("ports") or ()]
    return not entry.get("toPorts") or any(_port(port, need) for port in ports)


def _port(port: Object, need: Need) -> bool:
    number = str(port.get("port", ""))
    if port.get("protocol", "ANY") not in ("ANY", need.protocol) or not number.isdigit():
        return False  # a name: nothing on a node has one
    first = int(number)
    return first == ALL_PORTS or first <= need.port <= int(port.get("endPort") or first)


def _about_peer(entry: Object, need: Need, *, unsure: bool) -> bool:
    prefix = "from" if need.direction == "ingress" else "to"
    peers = {key.removeprefix(prefix): value for key, value in entry.items() if key.startswith(prefix)}
    peers.pop("Ports", None)
    if not peers:
        # Ports alone are for everybody; an entry of nothing at all allows nothing.
        return bool(entry.get("toPorts"))
    return any(_peer(kind, one, need, unsure=unsure) for kind, values in peers.items() for one in values or ())


def _peer(kind: str, one: Any, need: Need, *, unsure: bool) -> bool:
    if kind == "Entities":
        return one in need.entities
    if kind == "Endpoints":
        return _endpoint(one, need)
    if kind == "CIDR":
        return _inside(str(one), need, unknown=unsure)
    if kind == "CIDRSet":
        if any(one.get(key) for key in UNSURE):
            return unsure
        excepted = any(_inside(str(network), need, unknown=False) for network in one.get("except") or ())
        return _inside(str(one.get("cidr")), need, unknown=unsure) and not excepted
    return unsure and kind in UNSURE_PEERS


def _endpoint(selector: Any, need: Need) -> bool:
    keys = [*(selector.get("matchLabels") or {})]
    keys += [one.get("key", "") for one in selector.get("matchExpressions") or ()]
    # In a policy of the whole cluster a selector without reserved labels selects pods, never nodes or the world.
    is_pod = any(label.key == NAMESPACE for label in need.labels)
    if not is_pod and not any(key.startswith("reserved") for key in keys):
        return False
    return selects(selector, need.labels)


def _inside(network: str, need: Need, *, unknown: bool) -> bool:
    """Whether the other end is in a network; ``unknown`` where nobody knows its address."""
    if not need.by_address:
        return False
    if need.address is None:
        return unknown
    try:
        return ip_address(need.address) in ip_network(network, strict=False)
    except ValueError:
        return False
