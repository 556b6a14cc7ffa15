"""What Cilium refuses, or never enforces, though the schema takes it. Pure.

Source: Rule.Sanitize of Cilium 1.18.4 (pkg/policy/api/rule_validation.go), which the operator puts into a policy's
condition Valid, and by which the agents pass over it. It says the first thing that is wrong, and without the place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from kubestead.cilium.policy import CNP, JUDGED, Object, Policy
from kubestead.errors import Finding

PEERS = {
    "ingress": ("fromEndpoints", "fromCIDR", "fromCIDRSet", "fromEntities", "fromNodes", "fromGroups"),
    "egress": (
        "toEndpoints", "toCIDR", "toCIDRSet", "toEntities", "toServices", "toNodes", "toGroups", "toFQDNs",
    ),
}  # fmt: skip
PARTS = ("ingress", "ingressDeny", "egress", "egressDeny")
NAMES, DNS = "toFQDNs", "dns"
# What of Cilium a rule may need.
PROXY, ENVOY = "DNS proxy", "Envoy"
# As seen on the twin with Cilium 1.18.4: docs/policies.md.
OPEN = "without it the pod stays as open as it was, and policies that come later do not reach its node's pods either"
WITH_ENVOY = "write cilium_envoy = True in group_data/all.py, or see that the agents' image has it"
Location = tuple[int | str, ...]


@dataclass(frozen=True)
class Entry:
    """One entry of what a rule allows or denies: in which part (``egressDeny``), where, and itself."""

    part: str
    place: Location
    content: Object

    @property
    def ports(self) -> Iterator[tuple[Location, Object]]:
        """What is below ``toPorts``, with its place."""
        for number, one in enumerate(_items(self.content.get("toPorts"))):
            yield (*self.place, "toPorts", number), _mapping(one)


def findings(policy: Policy) -> Iterator[Finding]:
    """What is wrong with a policy that its schema has taken."""
    for place, rule in rules(policy):
        if policy.kind == CNP and "nodeSelector" in rule:
            fix = "make it a CiliumClusterwideNetworkPolicy, or select pods with endpointSelector"
            yield Finding(policy.place(*place, "nodeSelector"), "only a policy of the whole cluster selects nodes", fix)
    for entry in entries(policy):
        yield from _peers(policy, entry)
        for place, port_rule in entry.ports:
            yield from _layer7(policy, entry.part, place, port_rule)


def rules(policy: Policy) -> Iterator[tuple[Location, Object]]:
    """The rules of a Cilium policy, each with its place: ``spec``, and those of ``specs``."""
    if policy.kind in JUDGED:
        if spec := policy.content.get("spec"):
            yield ("spec",), _mapping(spec)
        for number, rule in enumerate(_items(policy.content.get("specs"))):
            yield ("specs", number), _mapping(rule)


def entries(policy: Policy) -> Iterator[Entry]:
    """What all its rules allow and deny."""
    for place, rule in rules(policy):
        for part in PARTS:
            for number, entry in enumerate(_items(rule.get(part))):
                yield Entry(part, (*place, part, number), _mapping(entry))


def needs(policy: Policy) -> dict[str, Location]:
    """What of Cilium must be on for a policy to be enforced (:data:`PROXY`, :data:`ENVOY`), and where that is asked."""
    wanted: dict[str, Location] = {}
    for entry in entries(policy):
        if entry.content.get(NAMES):
            wanted.setdefault(PROXY, (*entry.place, NAMES))
        for place, port_rule in entry.ports:
            for key in _mapping(port_rule.get("rules")):
                wanted.setdefault(PROXY if key == DNS else ENVOY, (*place, "rules", key))
            for key in ("listener", "serverNames", "terminatingTLS", "originatingTLS"):
                if port_rule.get(key):
                    wanted.setdefault(ENVOY, (*place, key))
    return wanted


def without_envoy(policy: Policy) -> Iterator[Finding]:
    """What is worth knowing of a policy that Envoy enforces, where nobody knows of a cluster whether it has one."""
    if place := needs(policy).get(ENVOY):
        yield Finding(policy.place(*place), f"is enforced by Envoy alone; {OPEN}", WITH_ENVOY, severity="warning")


def unseen_names(policies: Iterable[Policy]) -> Iterator[Finding]:
    """Rules on names in a set where no rule lets the agents see DNS answers: such a rule never learns an address."""
    every = [(policy, entry) for policy in policies for entry in entries(policy)]
    if any(DNS in _mapping(port.get("rules")) for _, entry in every for _, port in entry.ports):
        return
    for policy, entry in every:
        if entry.content.get(NAMES):
            reason = "no policy of this folder sends DNS questions through the DNS proxy, so no address is ever learnt"
            fix = "add rules: {dns: [{matchPattern: '*'}]} to the ports of the rule that allows DNS"
            yield Finding(policy.place(*entry.place, NAMES), reason, fix, severity="warning")


def _peers(policy: Policy, entry: Entry) -> Iterator[Finding]:
    named = [key for key in PEERS[entry.part.removesuffix("Deny")] if entry.content.get(key)]
    if len(named) > 1:
        reason = f"names {len(named)} kinds of peers, {' and '.join(named)}, and Cilium takes one in an entry"
        fix = f"give {named[-1]} an entry of its own, with its own toPorts"
        yield Finding(policy.place(*entry.place, named[-1]), reason, fix)
    if entry.content.get("icmps") and entry.content.get("toPorts"):
        reason = "stands beside toPorts, and Cilium takes one of them in an entry"
        yield Finding(policy.place(*entry.place, "icmps"), reason, "give icmps an entry of its own")


def _layer7(policy: Policy, part: str, place: Location, port_rule: Object) -> Iterator[Finding]:
    below = _mapping(port_rule.get("rules"))
    if DNS in below and part == "ingress":
        fix = "write DNS rules under egress, of the pods that ask"
        yield Finding(policy.place(*place, "rules", DNS), "DNS rules are for questions that leave a pod", fix)
    if not below or DNS in below:
        return
    for number, port in enumerate(_items(port_rule.get("ports"))):
        protocol = _mapping(port).get("protocol", "ANY")
        if protocol != "TCP":
            where = policy.place(*place, "ports", number, "protocol")
            yield Finding(where, "layer 7 rules other than DNS are for TCP", "write protocol: TCP", value=protocol)


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Object:
    return value if isinstance(value, dict) else {}
