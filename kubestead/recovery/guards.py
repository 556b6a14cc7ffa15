"""What may keep the watcher from a remedy. Each guard is a function that says why not, or None. Pure.

How many nodes may be unwell (:func:`storm`): the share of all nodes, control planes included, rounded down, but never
less than one. With the default of 40 %: 1 of 1, 1 of 2, 1 of 3, 2 of 5, 4 of 10, 200 of 500. So one of three may get
any remedy. Two of three (both workers of a small lab) are more than the share: then something common is likely the
reason (the switch, the power, a change rolled out to all), and a reboot or a rejoin of each would take what still runs
without putting that right; restoring files from this checkout could spread the very change that broke them. So
above the share only services are restarted, one node at a time: that stops no pod, and it is what two workers need
whose kubelets have stopped, the night this tool was begun for. Everything heavier waits until the share is kept again,
by these restarts or by a person, who is told.

Control planes (:func:`control_plane`): one at a time, whatever the remedy. Nothing that ends its pods, etcd's among
them, runs while the other members of etcd that are ready, on healthy nodes, are fewer than its majority, or while that
is not known; with one or two control planes that is never, and such a rung is left out of the ladder
(:func:`kubestead.recovery.ladder.rungs`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from kubestead.diagnose import Remedy
from kubestead.recovery.etcd import against
from kubestead.recovery.settings import Settings
from kubestead.recovery.weight import WEIGHT, Weight
from kubestead.recovery.world import NodeState, World

# Nodes that are worked on: those already at work, and those decided upon in the same round.
Work = Sequence[tuple[NodeState, Remedy]]
Guard = Callable[[World, Work, NodeState, Remedy, Settings], "str | None"]


def allowed(count: int, share: float) -> int:
    """How many of ``count`` nodes may be unwell before the storm guard trips."""
    # A share like 0.29 of 100 is 28.999999999999996 in binary.
    return max(1, math.floor(count * share + 1e-9))


def in_storm(world: World, settings: Settings) -> bool:
    """More nodes are unwell than the share allows."""
    unwell = sum(not node.healthy(settings) for node in world.nodes)
    return unwell > allowed(len(world.nodes), settings.max_unhealthy)


def storm(world: World, work: Work, node: NodeState, remedy: Remedy, settings: Settings) -> str | None:
    """Above the share, only services are restarted, one node at a time."""
    if not in_storm(world, settings):
        return None
    unwell = [one.name for one in world.nodes if not one.healthy(settings)]
    share = f"{len(unwell)} of {len(world.nodes)} nodes are not well, more than {settings.max_unhealthy:.0%} allow"
    if WEIGHT[remedy] > Weight.SERVICE:
        return f"{share}; only services are restarted, {remedy} waits for a person or for fewer"
    if work:
        return f"{share}; one node at a time, {work[0][0].name} is worked on"
    return None


def control_plane(world: World, work: Work, node: NodeState, remedy: Remedy, settings: Settings) -> str | None:
    """One control plane at a time, and never below etcd's quorum."""
    if not node.control_plane:
        return None
    if others := [one.name for one, _ in work if one.control_plane]:
        return f"one control plane at a time, {others[0]} is worked on"
    planes = [one for one in world.nodes if one.control_plane]
    if WEIGHT[remedy] is not Weight.DISRUPTIVE:
        return None
    # The API goes on calling a pod ready whose node has just fallen over.
    unwell = {one.name for one in planes if not one.healthy(settings)}
    members = world.etcd and {name: ready and name not in unwell for name, ready in world.etcd.items()}
    return against(members, node.name, len(planes))


def one_disruptive(world: World, work: Work, node: NodeState, remedy: Remedy, settings: Settings) -> str | None:
    """One remedy that ends pods at a time."""
    if WEIGHT[remedy] is not Weight.DISRUPTIVE:
        return None
    heavy = [(one.name, other) for one, other in work if WEIGHT[other] is Weight.DISRUPTIVE]
    return f"one remedy of this weight at a time, {heavy[0][1]} is at work on {heavy[0][0]}" if heavy else None


def parallel(world: World, work: Work, node: NodeState, remedy: Remedy, settings: Settings) -> str | None:
    """No more nodes are worked on at a time than may be unwell, and never more than a few."""
    most = min(settings.parallel, allowed(len(world.nodes), settings.max_unhealthy))
    return f"{most} at a time, {', '.join(one.name for one, _ in work)} is worked on" if len(work) >= most else None


GUARDS: dict[str, Guard] = {
    "storm": storm,
    "control-plane": control_plane,
    "one-disruptive": one_disruptive,
    "parallel": parallel,
}


def first_against(
    world: World, work: Work, node: NodeState, remedy: Remedy, settings: Settings
) -> tuple[str, str] | None:
    """The first guard that holds the remedy, with its reason."""
    for name, guard in GUARDS.items():
        if why := guard(world, work, node, remedy, settings):
            return name, why
    return None
