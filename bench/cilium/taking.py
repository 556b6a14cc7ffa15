"""Takes the numbers of one mode: a cluster in it, whether it is in force, then every way in turn."""

from __future__ import annotations

import time
from collections.abc import Iterable

from bench.cilium import modes, pods, samples
from bench.cilium.lab import SERVER, CiliumLab, Place
from bench.cilium.samples import WAYS, Sample, Taken
from bench.run import say
from kubestead.errors import KubesteadError


def take(lab: CiliumLab, mode: modes.Mode, repeats: int, seconds: int) -> Taken:
    """A cluster in a mode, from bare hosts, and what it gives.

    Raises:
        KubesteadError: it could not be built, an agent is not in this mode, or a measurement failed.
    """
    lab.bring_programs()
    lab.serve(Place(SERVER), "host")
    built = lab.build(mode.overrides)
    told = {node: modes.said(status) for node, status in lab.asked("status").items()}
    if wrong := modes.findings(mode, told, lab.nodes()):
        raise KubesteadError(f"{mode.name} is not in force: {'; '.join(wrong)}")
    ways = pods.start(lab)
    for way in ways.values():
        lab.wait_answered(way.client, way.address, way.ports[1])
    if mode.policy:
        pods.restrict(lab)
    quiet = lab.rest()
    say(f"{mode.name}: built in {built:.0f} s; at work: the twin {quiet.twin:.0%}, others {quiet.others:.0%}")
    before, began = lab.sampled(), time.monotonic()
    rounds = tuple(
        {name: measure(lab, ways[name], seconds) for name in in_turn(WAYS, number)} for number in range(repeats)
    )
    took = time.monotonic() - began
    agents = samples.agents(before, lab.sampled())
    return Taken(mode.name, mode.title, dict(mode.overrides), told, built, quiet, took, rounds, agents)


def in_turn(names: Iterable[str], number: int) -> list[str]:
    """The names forwards, then backwards, and so on, so that none always follows the same one."""
    order = list(names)
    return order if number % 2 == 0 else order[::-1]


def measure(lab: CiliumLab, way: pods.Way, seconds: int) -> Sample:
    """One sample of a way."""
    return samples.parse(lab.measure(way.client, way.address, way.ports, seconds))


def summary(taken: Taken) -> str:
    """One line about a mode, while the others are still to come."""
    last = taken.repeats[-1]
    parts = [f"{way} {last[way].gbit:.1f} Gbit/s {last[way].p50:.0f} us {last[way].connections:.0f}/s" for way in WAYS]
    return f"{taken.mode}: {', '.join(parts)}"
