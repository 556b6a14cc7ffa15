"""Which rung of a node's ladder is next, and whether the node may be climbed for at all. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kubestead.diagnose import Diagnosis, Remedy
from kubestead.recovery.attempts import Attempt, Outcome
from kubestead.recovery.etcd import quorum
from kubestead.recovery.history import History
from kubestead.recovery.settings import Settings
from kubestead.recovery.weight import NEEDS_POWER, WEIGHT, Weight
from kubestead.recovery.world import NodeState


@dataclass(frozen=True)
class Climb:
    """The present climb of a node: its name, and where it stands.

    Args:
        began: seconds since 1970.
        wait_until: the next remedy waits until then (back-off, cool-down); 0 for a climb that is open.
        over_budget: there were as many climbs as the budget allows.
    """

    began: float
    wait_until: float = 0
    over_budget: bool = False


def climb_of(history: History, node: str, now: float, settings: Settings) -> Climb:
    """The climb that is open, or the one that would begin now."""
    if node in history.open:
        return Climb(history.open[node])
    climbs = history.climbs(node, now - settings.budget_window)
    if not climbs:
        return Climb(now)
    last = climbs[max(climbs)]
    ended = last.started if last.ended is None else last.ended
    # Another machine's clock may run ahead of this one's: a wait never begins in the future.
    return Climb(now, min(ended, now) + _pause(last, len(climbs), settings), len(climbs) >= settings.budget)


def _pause(last: Attempt, climbs: int, settings: Settings) -> float:
    base = settings.cool_down if last.outcome is Outcome.RECOVERED else settings.back_off
    return float(base * 2 ** (climbs - 1))


def rungs(diagnosis: Diagnosis, node: NodeState, planes: int) -> tuple[tuple[Remedy, ...], str]:
    """The remedies the watcher may use, least first, and why others of the ladder are left out.

    Args:
        diagnosis: the cause and its ladder.
        node: the node.
        planes: how many control planes the cluster has.
    """
    left_out = []
    kept = []
    for remedy in diagnosis.remedies:
        if remedy in NEEDS_POWER and not node.has_power:
            left_out.append(f"{remedy}: the site has no power commands for {node.name}")
        elif node.control_plane and remedy is Remedy.REJOIN:
            left_out.append(f"{remedy}: a control plane holds the cluster's data")
        elif node.control_plane and WEIGHT[remedy] is Weight.DISRUPTIVE and planes - 1 < quorum(planes):
            left_out.append(f"{remedy}: without {node.name} etcd has no quorum")
        else:
            kept.append(remedy)
    return tuple(kept), "; ".join(left_out)


def next_rung(remedies: Sequence[Remedy], history: History, node: str, climb: Climb) -> Remedy | None:
    """The least remedy that was not tried in vain in this climb."""
    spent = history.spent(node, climb.began)
    return next((remedy for remedy in remedies if remedy not in spent), None)


def reason_to_hand_over(
    diagnosis: Diagnosis, history: History, node: str, climb: Climb, usable: Sequence[Remedy], left_out: str
) -> str:
    """Why there is no next rung, for a person."""
    tried = [str(remedy) for remedy in usable if remedy in history.spent(node, climb.began)]
    parts = [f"tried, and not enough: {', '.join(tried)}" if tried else "", left_out]
    return "; ".join(part for part in parts if part) or f"no remedy fits {diagnosis.cause}"
