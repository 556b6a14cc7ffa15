"""What to do now. One pure function of what is known, what was done, and the time."""

from __future__ import annotations

from kubestead.diagnose import Cause, Diagnosis, Remedy
from kubestead.recovery.guards import first_against
from kubestead.recovery.history import History
from kubestead.recovery.ladder import Climb, climb_of, next_rung, reason_to_hand_over, rungs
from kubestead.recovery.settings import Settings
from kubestead.recovery.weight import WEIGHT, Weight
from kubestead.recovery.world import Apply, Decision, Diagnose, HandOver, Hold, Look, NodeState, Recovered, World

# Not knowing is no reason to touch a node, and two looks more may tell.
LOOKS_BEFORE_UNKNOWN = 3
LOOKS_BEFORE_DISRUPTIVE = 2


def decide(world: World, history: History, now: float, settings: Settings) -> list[Decision]:
    """What is to be done at this moment; empty when nothing is.

    A node is looked at before it is touched, every remedy is chosen by a fresh look, and of the remedies that fit the
    least is taken that was not tried in vain in the same climb. The same world gives the same decisions: whoever asks
    remembers what it has told already.

    Args:
        world: the cluster as it is seen.
        history: what was done before, by this watcher and others.
        now: seconds since 1970; only compared with the history's times.
        settings: the limits.
    """
    if not world.leading:
        return []
    decisions: list[Decision] = []
    work = at_work(world)
    for node in world.nodes:
        if node.busy:
            continue
        decision = _about(node, world, history, now, settings, work)
        if isinstance(decision, Apply):
            work.append((node, decision.remedy))
        if decision:
            decisions.append(decision)
    return decisions


def at_work(world: World) -> list[tuple[NodeState, Remedy]]:
    """Nodes that are worked on, and by what.

    A worker whose service was restarted and is only being watched is not: the restart is over, and who waits for the
    next need not wait until the first has been well for long.
    """
    return [
        (node, node.remedy)
        for node in world.nodes
        if node.remedy is not None
        and (node.busy == "applying" or node.control_plane or WEIGHT[node.remedy] is not Weight.SERVICE)
    ]


def _about(
    node: NodeState,
    world: World,
    history: History,
    now: float,
    settings: Settings,
    work: list[tuple[NodeState, Remedy]],
) -> Decision | None:
    if node.healthy(settings):
        return _well(node, history, settings) if not node.suspect(settings) else _look(node, world, settings)
    if not node.suspect(settings):
        return None
    if not node.managed:
        why = "it is not in the inventory, so there is no way to it"
        return _hand_over(node, history, why, None) if _confirmed(node, settings) else None
    if hold := _left_alone(node, world):
        return hold
    look = node.look
    if look is None:
        return Diagnose(node.name)
    decision = _by(look, node, world, history, now, settings, work)
    limit = settings.fresh if isinstance(decision, Apply) else pause(look, settings)
    return Diagnose(node.name) if look.age > limit else decision


def _well(node: NodeState, history: History, settings: Settings) -> Decision | None:
    unsettled = node.name in history.open or node.name in history.handed
    return Recovered(node.name) if unsettled and node.healthy_for >= settings.stable else None


def _look(node: NodeState, world: World, settings: Settings) -> Decision | None:
    """A healthy node whose lease is late is looked at once, ahead of time; looking is no touching."""
    wanted = node.managed and world.paused is False and not (node.paused or node.cordoned) and node.look is None
    return Diagnose(node.name) if wanted else None


def _left_alone(node: NodeState, world: World) -> Hold | None:
    if world.paused is None:
        return Hold(node.name, "pause", "whether recovery is paused could not be read")
    if world.paused:
        return Hold(node.name, "pause", "recovery is paused for the cluster")
    if node.paused:
        return Hold(node.name, "pause", "recovery is paused for this node")
    if node.cordoned:
        return Hold(node.name, "cordoned", "somebody has cordoned it: it is theirs")
    return None


def pause(look: Look, settings: Settings) -> float:
    """Seconds between this diagnosis and the next, when nothing was done."""
    return min(settings.look_at_least, settings.look_again * 2.0 ** min(look.same - 1, 20))


def _by(
    look: Look,
    node: NodeState,
    world: World,
    history: History,
    now: float,
    settings: Settings,
    work: list[tuple[NodeState, Remedy]],
) -> Decision | None:
    diagnosis = look.diagnosis
    climb = climb_of(history, node.name, now, settings)
    planes = sum(one.control_plane for one in world.nodes)
    usable, left_out = rungs(diagnosis, node, planes)
    remedy = next_rung(usable, history, node.name, climb)
    if remedy is None:
        guessing = diagnosis.cause in (Cause.UNKNOWN, Cause.HEALTHY) and look.same < LOOKS_BEFORE_UNKNOWN
        if guessing or not _confirmed(node, settings):
            return None
        why = reason_to_hand_over(diagnosis, history, node.name, climb, usable, left_out)
        return _hand_over(node, history, why, diagnosis)
    if climb.over_budget:
        why = f"{settings.budget} climbs within {settings.budget_window / 3600:g} h did not last"
        return _hand_over(node, history, why, diagnosis)
    return _guarded(remedy, look, node, world, now, settings, work, climb)


def _guarded(
    remedy: Remedy,
    look: Look,
    node: NodeState,
    world: World,
    now: float,
    settings: Settings,
    work: list[tuple[NodeState, Remedy]],
    climb: Climb,
) -> Decision | None:
    if now < climb.wait_until:
        return Hold(node.name, "wait", "too soon after the last climb", remedy, look.diagnosis)
    if WEIGHT[remedy] is Weight.DISRUPTIVE and not (
        _confirmed(node, settings) and look.same >= LOOKS_BEFORE_DISRUPTIVE
    ):
        return Hold(node.name, "confirm", f"{remedy} needs the same cause twice, and time", remedy, look.diagnosis)
    if against := first_against(world, work, node, remedy, settings):
        return Hold(node.name, against[0], against[1], remedy, look.diagnosis)
    return Apply(node.name, remedy, look.diagnosis, climb.began)


def _confirmed(node: NodeState, settings: Settings) -> bool:
    return node.unwell_for(settings) >= settings.confirm_after


def _hand_over(node: NodeState, history: History, why: str, diagnosis: Diagnosis | None) -> HandOver | None:
    """Once per cause and reason; an open climb is closed by it all the same."""
    cause = diagnosis.cause.value if diagnosis else ""
    known = history.is_handed(node.name, cause, why) and node.name not in history.open
    return None if known else HandOver(node.name, why, diagnosis)
