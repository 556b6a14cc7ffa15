"""Why a connection is allowed or denied, as the agents of its two ends have it. Pure.

Whether, says the pod's policy map, which is what the datapath looks up. Why, says what the agent made that map of: its
layer 4 policy with the rules each part is derived from, and for a default deny the rules that select the pod. Nothing
is worked out from policies as people wrote them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kubestead.cilium.agentpolicy import Answers, Match, Peer, default_deny, matches
from kubestead.cilium.labels import Label
from kubestead.cilium.policymap import PROTOCOLS, Entry, entries, lookup

ALLOWED, DENIED, PROXIED = "allowed", "denied", "handed to the proxy"
# What every pod's labels say besides: which cluster, service account and the namespace's own labels.
_USUAL = ("io.cilium.k8s.policy.", "io.cilium.k8s.namespace.labels.")


@dataclass(frozen=True)
class Side:
    """What one end says of a connection.

    Args:
        direction: ``egress`` at the pod it comes from, ``ingress`` at the one it goes to.
        pod: the pod.
        verdict: one of :data:`ALLOWED`, :data:`DENIED`, :data:`PROXIED`.
        reason: one sentence without a full stop.
        by: the policies that decide; empty where none does.
        notes: what else there is to know.
    """

    direction: str
    pod: str
    verdict: str
    reason: str
    by: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """In plain words."""
        decided = f": {', '.join(self.by)}" if self.by else ""
        return [f"{self.direction} of {self.pod}: {self.verdict}", f"  {self.reason}{decided}",
                *(f"  {note}" for note in self.notes)]  # fmt: skip


@dataclass(frozen=True)
class Connection:
    """A connection from one peer to the other, and what each end that is a pod says of it."""

    source: Peer
    target: Peer
    protocol: str
    port: int
    sides: tuple[Side, ...]

    @property
    def verdict(self) -> str:
        """Denied where one end denies it, else handed to the proxy where one does that, else allowed."""
        found = [side.verdict for side in self.sides]
        return next((word for word in (DENIED, PROXIED) if word in found), ALLOWED)

    def lines(self) -> list[str]:
        """In plain words, the verdict first."""
        what = f"{self.source.name} -> {self.target.name} {self.port}/{self.protocol.upper()}"
        told = [line for side in self.sides for line in side.lines()]
        peers = [f"{one.name} is {identity_words(one)}" for one in (self.source, self.target)]
        return [f"{what}: {self.verdict}", *told, *peers]

    def to_data(self) -> dict[str, Any]:
        """As JSON has it."""
        ends = {"from": self.source, "to": self.target}
        return {
            "verdict": self.verdict,
            **{
                key: {"name": one.name, "identity": one.identity, "labels": [str(label) for label in one.labels]}
                for key, one in ends.items()
            },
            "port": self.port,
            "protocol": self.protocol,
            "sides": [asdict(side) for side in self.sides],
        }


def explain(direction: str, pod: str, answers: Answers, peer: Peer, protocol: str, port: int) -> Side:
    """What the agent of ``pod`` makes of a connection to (egress) or from (ingress) ``peer``.

    Args:
        direction: ``egress`` or ``ingress``.
        pod: its name, for the words.
        answers: of its agent.
        peer: the other end.
        protocol: a key of :data:`kubestead.cilium.policymap.PROTOCOLS`.
        port: the port it goes to; a pod's own, not a service's.
    """
    entry = lookup(entries(answers.policy_map), direction == "egress", peer.identity, PROTOCOLS[protocol], port)
    side = _side(direction, pod, answers, entry, list(matches(direction, answers, peer, protocol, port)))
    if side.verdict == DENIED and answers.enforced.startswith("audit-"):
        note = "audit mode is on: it is let through all the same, and recorded"
        return Side(direction, pod, ALLOWED, side.reason, side.by, (*side.notes, note))
    return side


def _side(direction: str, pod: str, answers: Answers, entry: Entry | None, found: Sequence[Match]) -> Side:
    denying = tuple(sorted({name for one in found if one.deny for name in one.by}))
    allowing = tuple(sorted({name for one in found if not one.deny for name in one.by}))
    if entry is None:
        reason = "no rule allows it, and these put the pod under a default deny"
        return Side(direction, pod, DENIED, reason, tuple(sorted({*default_deny(direction, answers)})))
    if entry.deny:
        notes = (f"deny wins over what would allow it: {', '.join(allowing)}",) if allowing else ()
        return Side(direction, pod, DENIED, "a rule denies it", denying, notes)
    if not allowing:
        return Side(direction, pod, ALLOWED, _unruled(direction, answers))
    if entry.proxy_port:
        rules = sorted({rule for one in found for rule in one.layer7})
        note = f"it decides request by request, by: {'; '.join(rules) or 'rules that are not known here'}"
        return Side(direction, pod, PROXIED, "a rule sends it to the agent's proxy", allowing, (note,))
    return Side(direction, pod, ALLOWED, "a rule allows it", allowing)


def _unruled(direction: str, answers: Answers) -> str:
    if answers.enforced.removeprefix("audit-") in (direction, "both"):
        return (
            "no rule is about it; the agent lets it through (a pod's own node always may, and some policies only deny)"
        )
    return f"no policy selects the pod for {direction}"


def identity_words(peer: Peer) -> str:
    """``identity 12345: app=frontend, io.kubernetes.pod.namespace=shop``."""
    words = [_short(label) for label in sorted(peer.labels) if not label.key.startswith(_USUAL)]
    return f"identity {peer.identity}{': ' if words else ''}{', '.join(words)}"


def _short(label: Label) -> str:
    return str(label) if label.source != "k8s" else f"{label.key}={label.value}"
