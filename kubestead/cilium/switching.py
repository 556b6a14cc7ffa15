"""What a switch of Cilium is about, in words, before it is done; and what stands against it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kubestead.cilium.change import Change, Effect, keeps_apart, worst
from kubestead.cilium.release import Release, minor
from kubestead.cilium.rollout import Rollout
from kubestead.cilium.typed import typed_for
from kubestead.errors import Finding
from kubestead.spec import ClusterSpec
from kubestead.spec.places import line, place

SHOWN = 20


@dataclass(frozen=True)
class Plan:
    """What runs, what shall be, and what lies between.

    Args:
        spec: the cluster as it shall be.
        release: Helm's release.
        rollout: the agents.
        values: the release's values as they shall be, whole.
        found: what changes.
        kube_proxy: there is a kube-proxy.
        kubeadm: kubeadm's ClusterConfiguration.
        one_by_one: one node at a time, even where nodes cannot talk to each other meanwhile.
    """

    spec: ClusterSpec
    release: Release
    rollout: Rollout
    values: Mapping[str, Any]
    found: tuple[Change, ...]
    kube_proxy: bool
    kubeadm: Mapping[str, Any] = field(default_factory=dict)
    one_by_one: bool = False

    @property
    def begun(self) -> bool:
        """A switch was begun before and not ended."""
        return self.release.good is not None

    @property
    def upgrades(self) -> bool:
        """The chart's version changes."""
        return self.release.chart_version != self.spec.cilium_version

    @property
    def apart(self) -> bool:
        """Nodes of the old and the new kind cannot talk to each other."""
        return keeps_apart(self.found) or self.release.apart

    @property
    def together(self) -> bool:
        """Nodes are switched all at once."""
        return self.apart and not self.one_by_one

    @property
    def brings_kube_proxy(self) -> bool:
        """This switch, or the run of it that did not end, has kube-proxy come back."""
        did_without = str(self.release.values.get("kubeProxyReplacement")).lower() in ("true", "strict")
        return self.spec.kube_proxy == "keep" and (not self.kube_proxy or (self.begun and did_without))


def told(plan: Plan) -> Iterator[str]:
    """The lines: every value that changes, the dearest first, then the order and the way back."""
    keep = plan.spec.kube_proxy == "keep"
    if not (plan.found or plan.begun or plan.upgrades or plan.kube_proxy != keep):
        yield "--> Cilium: nothing changes"
        return
    yield f"--> Cilium: {worst(plan.found).words}"
    if plan.begun:
        left = ", ".join(plan.rollout.outdated) or "none"
        yield f"    A switch was begun and not ended: it goes on. Agents of an older configuration: {left}"
    if plan.upgrades:
        versions = f"{plan.release.chart_version} to {plan.spec.cilium_version}"
        yield f"    An upgrade from {versions}: Cilium's own preflight comes first"
    for change in plan.found[:SHOWN]:
        yield f"    {named(change)}"
    if len(plan.found) > SHOWN:
        yield f"    and {len(plan.found) - SHOWN} more values"
    if plan.kube_proxy and not keep:
        yield "    kube-proxy: taken away, with its rules on every node, once every agent serves services"
    if keep and not plan.kube_proxy:
        yield "    kube-proxy: comes back before the first agent stops serving services"
    if Effect.OPERATOR <= worst(plan.found) < Effect.NEVER:
        yield from _order(plan)


def named(change: Change) -> str:
    """A change with the key of the spec before it, where the value has one."""
    typed = typed_for(change.path)
    return f"{typed.key}: {change}" if typed else str(change)


def _order(plan: Plan) -> Iterator[str]:
    rollout = plan.rollout
    nodes = sorted(rollout.nodes, key=lambda node: (node in rollout.control_planes, node))
    if plan.together:
        yield f"    Order: the operator, then the agents of {', '.join(nodes)}, all at once: until all have"
        yield "    changed, nodes of the old and the new kind do not reach each other's pods"
    else:
        yield f"    Order: the operator, then the agents of {', then '.join(nodes)}"
    yield f"    Should a node not come back: all of it back to Helm revision {plan.release.back_to}, by itself"


def impossible(plan: Plan, places: Mapping[str, str]) -> Iterator[Finding]:
    """What stands against the switch.

    Args:
        plan: the switch.
        places: where keys are written that are not in group_data.
    """
    spec, release = plan.spec, plan.release
    for change in plan.found:
        if change.effect is Effect.NEVER:
            yield _never(change, release.values, places)
    if release.back_to not in release.revisions:
        reason = f"no longer has revision {release.back_to}, the last good one, to go back to"
        yield Finding("Helm release cilium", reason, "see: helm history cilium --namespace kube-system")
    if minor(release.chart_version) != minor(spec.cilium_version) and "upgradeCompatibility" not in plan.values:
        kept = {**spec.cilium_extra_values, "upgradeCompatibility": release.first_minor}
        reason = f"is not given: an upgrade to {minor(spec.cilium_version)} needs the minor release installed first"
        where = place("cilium_extra_values.upgradeCompatibility", places)
        yield Finding(where, reason, line("cilium_extra_values", kept, places))


def _never(change: Change, runs: Mapping[str, Any], places: Mapping[str, str]) -> Finding:
    """By its key of the spec, with the line that keeps what runs, where the value has one."""
    reason = f"{change.effect.words}: {change.path}: {change.row.reason}"
    other = "or build another cluster with it"
    typed = typed_for(change.path)
    if typed is None:
        return Finding(f"Cilium: {change.path}", reason, f"leave it at {change.before}, {other}", value=change.after)
    is_now = typed.of(runs)
    kept = typed.hint or f"leave {change.path} at {change.before}"
    fix = kept if is_now is None else line(typed.key, is_now, places)
    return Finding(place(typed.key, places), reason, f"{fix}, {other}", value=change.after)
