"""What was done about nodes, so that a restarted or another watcher does not repeat it. Plain JSON, bounded. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from kubestead.diagnose import Remedy
from kubestead.recovery.attempts import Attempt, Handed, Outcome

VERSION = 1
# A ConfigMap holds 1 MiB; an attempt takes about 250 bytes. What is older than a week serves no decision.
MOST_ATTEMPTS = 1000
KEPT_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True)
class History:
    """Attempts in the order they began; open climbs and hand-overs by node.

    ``nodes`` were well in the cluster at some time; ``apart`` were cordoned or paused by a person when last seen.
    ``tainted`` may carry the out-of-service taint of a watcher's, however long ago it was set.
    """

    attempts: tuple[Attempt, ...] = ()
    open: Mapping[str, float] = field(default_factory=dict)
    handed: Mapping[str, Handed] = field(default_factory=dict)
    nodes: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()
    tainted: frozenset[str] = frozenset()

    def of(self, node: str) -> tuple[Attempt, ...]:
        """The node's attempts."""
        return tuple(attempt for attempt in self.attempts if attempt.node == node)

    def marked(self, node: str, text: str) -> Attempt | None:
        """The last attempt that puts this mark on what it leaves on the node; None: a person's hand did."""
        return next((one for one in reversed(self.of(node)) if one.mark == text), None)

    def spent(self, node: str, climb: float) -> set[Remedy]:
        """Remedies not to be tried again in this climb: those that ended otherwise, and those interrupted twice."""
        tried = [attempt for attempt in self.of(node) if attempt.climb == climb]
        ended = (Outcome.FAILED, Outcome.TIME_LIMIT, Outcome.DONE)
        failed = {attempt.remedy for attempt in tried if attempt.outcome in ended}
        cut = [attempt.remedy for attempt in tried if attempt.outcome is Outcome.INTERRUPTED]
        return failed | {remedy for remedy in cut if cut.count(remedy) > 1}

    def climbs(self, node: str, since: float) -> dict[float, Attempt]:
        """The last attempt of each of the node's climbs begun after ``since``, by climb, oldest first."""
        return {attempt.climb: attempt for attempt in self.of(node) if attempt.climb > since}

    def is_handed(self, node: str, cause: str, why: str) -> bool:
        """It is a person's already, for this very reason."""
        handed = self.handed.get(node)
        return handed is not None and (handed.cause, handed.why) == (cause, why)

    def began(self, attempt: Attempt) -> History:
        """With a remedy at work, its climb open."""
        oldest = attempt.started - KEPT_SECONDS
        kept = [one for one in self.attempts if one.started > oldest][-(MOST_ATTEMPTS - 1) :]
        tainted = self.tainted | {attempt.node} if attempt.remedy is Remedy.OUT_OF_SERVICE else self.tainted
        opened = {**self.open, attempt.node: attempt.climb}
        return replace(self, attempts=(*kept, attempt), open=opened, tainted=tainted)

    def ended(self, node: str, outcome: Outcome, now: float, why: str = "") -> History:
        """With the node's running attempt at its end; a recovery closes the climb and what was handed over."""
        done = tuple(
            replace(one, outcome=outcome, ended=now, why=why)
            if one.node == node and one.outcome is Outcome.RUNNING
            else one
            for one in self.attempts
        )
        changed = replace(self, attempts=done)
        return changed.recovered(node) if outcome is Outcome.RECOVERED else changed

    def recovered(self, node: str) -> History:
        """With nothing open about the node."""
        return replace(self, open=_without(self.open, node), handed=_without(self.handed, node))

    def handed_over(self, node: str, handed: Handed) -> History:
        """With the node a person's; its climb is over."""
        return replace(self, open=_without(self.open, node), handed={**self.handed, node: handed})

    def taken_back(self, node: str) -> History:
        """Without a taint of ours on the node."""
        return replace(self, tainted=self.tainted - {node})

    def interrupted(self, now: float, busy: frozenset[str] = frozenset()) -> History:
        """With every attempt that is still said to run ended, but for nodes somebody is ``busy`` with."""
        done = tuple(
            replace(one, outcome=Outcome.INTERRUPTED, ended=now, why=f"{one.watcher} stopped in the middle")
            if one.outcome is Outcome.RUNNING and one.node not in busy
            else one
            for one in self.attempts
        )
        return replace(self, attempts=done)

    def seen(self, well: frozenset[str], present: frozenset[str], apart: frozenset[str]) -> History:
        """With the nodes that are well known to have been in the cluster, and of those present who is kept apart.

        Of a node that is gone what was last seen stands: one that a person has drained and deleted is not missing.
        """
        return replace(self, nodes=self.nodes | well, apart=(self.apart - present) | apart)

    def to_json(self) -> str:
        """For the ConfigMap and the local copy."""
        return json.dumps(
            {
                "version": VERSION,
                "attempts": [asdict(attempt) for attempt in self.attempts],
                "open": dict(self.open),
                "handed": {node: asdict(handed) for node, handed in self.handed.items()},
                "nodes": sorted(self.nodes),
                "apart": sorted(self.apart),
                "tainted": sorted(self.tainted),
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> History:
        """The inverse of :meth:`to_json`.

        Raises:
            ValueError: it is not a history this version can read.
        """
        try:
            data: dict[str, Any] = json.loads(text)
            if data["version"] != VERSION:
                raise ValueError(f"its version is {data['version']!r}, not {VERSION}")
            return cls(
                attempts=tuple(
                    Attempt(**{**one, "remedy": Remedy(one["remedy"]), "outcome": Outcome(one["outcome"])})
                    for one in data["attempts"]
                ),
                open={node: float(climb) for node, climb in data["open"].items()},
                handed={node: Handed(**handed) for node, handed in data["handed"].items()},
                nodes=frozenset(data["nodes"]),
                apart=frozenset(data.get("apart", ())),
                # Written by a version that did not know them: by its attempts.
                tainted=frozenset(
                    data.get(
                        "tainted", [one["node"] for one in data["attempts"] if one["remedy"] == Remedy.OUT_OF_SERVICE]
                    )
                ),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a history of recoveries: {error!r}") from error


def _without(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name != key}
