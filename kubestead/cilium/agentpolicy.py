"""What an agent says of one pod's policy: which parts of it are about a connection, and where they come from. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kubestead.cilium.labels import Label, policy_name, selects

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Peer:
    """The other end of a connection: what the person called it, its identity, and that identity's labels."""

    name: str
    identity: int
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True)
class Answers:
    """What the agent of a pod's node says, each as ``cilium-dbg`` prints it in JSON.

    Args:
        endpoint: of ``endpoint get ID``.
        policy_map: of ``bpf policy get ID``.
        selectors: of ``policy selectors``.
        rules: of ``policy get``, the rules in it.
    """

    endpoint: Object
    policy_map: list[Object]
    selectors: list[Object]
    rules: list[Object]

    @property
    def identity(self) -> int:
        """The pod's own."""
        return int(self.endpoint["status"]["identity"]["id"])

    @property
    def labels(self) -> tuple[Label, ...]:
        """The labels policies select the pod by."""
        return tuple(Label.parse(text) for text in self.endpoint["status"]["identity"]["labels"])

    @property
    def enforced(self) -> str:
        """``none``, ``ingress``, ``egress``, ``both``; with ``audit-`` before it where nothing is really denied."""
        return str(self.endpoint["status"]["policy"]["realized"].get("policy-enabled", "none"))


@dataclass(frozen=True)
class Match:
    """A part of a pod's policy that is about a connection: of which policies, denying or not, its layer 7 rules."""

    by: frozenset[str]
    deny: bool = False
    layer7: tuple[str, ...] = field(default=())


def matches(direction: str, answers: Answers, peer: Peer, protocol: str, port: int) -> Iterator[Match]:
    """The parts of the pod's layer 4 policy, as the agent has resolved it, that are about this peer and port."""
    selected = {one["selector"] for one in answers.selectors if peer.identity in (one.get("identities") or ())}
    sources = {one["selector"]: policy_name(map(_label, one.get("labels") or ())) for one in answers.selectors}
    status = answers.endpoint["status"]
    names = {one["name"]: int(one["port"]) for one in status.get("named-ports") or ()}
    for part in (status["policy"]["realized"].get("l4") or {}).get(direction) or ():
        rule = json.loads(part["rule"])
        if not isinstance(rule, dict) or not _covers(rule, protocol, port, names if direction == "ingress" else {}):
            continue
        derived = frozenset(_names(part.get("derived-from-rules") or ()))
        by_selector = part.get("rules-by-selector") or {}
        for selector, policy in _selectors(rule):
            if selector in selected:
                known = frozenset(_names(by_selector.get(selector) or ()))
                # The agent tells this for ingress only. A selector's own labels are of the first policy that had it.
                guessed = frozenset({sources[selector]}) & derived
                yield Match(known or guessed or derived, bool(policy.get("IsDeny")), tuple(_layer7(policy)))


def default_deny(direction: str, answers: Answers) -> Iterator[str]:
    """The policies that select the pod, and so deny in this direction whatever none allows."""
    own = answers.labels
    for rule in answers.rules:
        about = bool(rule.get(direction) or rule.get(f"{direction}Deny"))
        wanted = (rule.get("enableDefaultDeny") or {}).get(direction)
        subject = rule.get("endpointSelector")
        if (about if wanted is None else wanted) and subject is not None and selects(subject, own):
            yield policy_name(map(_label, rule.get("labels") or ()))


def _covers(rule: Object, protocol: str, port: int, names: Mapping[str, int]) -> bool:
    if rule.get("protocol", "ANY") not in ("ANY", protocol.upper()):
        return False
    if name := rule.get("port-name"):
        return names.get(name, port) == port
    first = int(rule.get("port") or 0)
    return first == 0 or first <= port <= int(rule.get("endPort") or first)


def _selectors(rule: Object) -> Iterator[tuple[str, Object]]:
    for one in rule.get("l7-rules") or ():
        for selector, policy in one.items():
            yield selector, policy or {}


def _layer7(policy: Object) -> Iterator[str]:
    for one in policy.get("http") or ():
        headers = [f"with {header}" for header in one.get("headers") or ()]
        yield " ".join(["HTTP", one.get("method") or "any method", one.get("path") or "any path", *headers])
    for one in policy.get("dns") or ():
        yield f"DNS {one.get('matchName') or one.get('matchPattern')}"
    for key in ("kafka", "l7"):
        if policy.get(key):
            yield f"{len(policy[key])} rules of {key}"


def _names(rules: Iterable[Iterable[str]]) -> Iterator[str]:
    for labels in rules:
        yield policy_name(map(Label.parse, labels))


def _label(one: Object) -> Label:
    return Label(str(one.get("source", "")), str(one.get("key", "")), str(one.get("value", "")))
