"""Breaking a host and healing it."""

from __future__ import annotations

from kubestead.errors import Finding, InvalidInput, KubesteadError
from kubestead.twin import commands, state
from kubestead.twin.faults import catalogue, records
from kubestead.twin.faults.model import Fault
from kubestead.twin.faults.records import InForce
from kubestead.twin.faults.steps import Target
from kubestead.twin.process import progress


def break_host(name: str, node: str, fault: str) -> None:
    """Give a host a fault. What healing needs is kept outside the host first.

    Args:
        name: the twin's name.
        node: the host; for a fault of the cluster a control plane.
        fault: the fault's name.

    Raises:
        KubesteadError: the twin is not up, has no such host, the fault is not for it or in force already, or it could
            not be brought about; then it counts as in force, so that healing tidies up.
    """
    one = catalogue.fault(fault)
    target = _target(name, node)
    if found := catalogue.role_finding(one, target.node):
        raise InvalidInput([found])
    paths = state.files(name)
    _refuse_overlap(one, records.in_force(paths, node))
    record = records.begin(paths, node, fault)
    try:
        if one.saves:
            target.save(one.saves, record.saved)
        if one.keep:
            record.kept.write_bytes(target.step(one.keep))
    except BaseException:
        records.end(record)
        raise
    try:
        target.run(one.break_)
    except KubesteadError as error:
        raise KubesteadError(
            f"{node}: {fault} was brought about in part only: {error}; "
            f"undo it: kubestead twin heal {node} {fault} --name {name}"
        ) from error
    progress(f"{node}: {one.title}")


def heal_host(name: str, node: str, fault: str | None = None, *, forget: bool = False) -> list[str]:
    """Undo a fault of a host, or all of them, the youngest first, and return their names.

    Args:
        name: the twin's name.
        node: the host.
        fault: the fault's name; None means all that are in force on the host.
        forget: touch nothing, for what a remedy has cured already.

    Raises:
        KubesteadError: the twin is not up, the fault is not in force there, or it could not be undone; then it stays
            in force.
    """
    target = _target(name, node)
    found = records.in_force(state.files(name), node)
    if fault is not None:
        catalogue.fault(fault)
        chosen = [one for one in found if one.fault == fault]
        if not chosen:
            there = ", ".join(one.fault for one in found) or "none is"
            raise KubesteadError(f"{node}: {fault} is not in force; in force there: {there}")
        found = chosen
    for one in reversed(found):
        if not forget:
            _heal(target, catalogue.fault(one.fault), one)
        records.end(one)
        progress(f"{node}: {one.fault} {'is forgotten' if forget else 'is undone'}")
    return [one.fault for one in reversed(found)]


def in_force(name: str) -> list[InForce]:
    """The faults in force on a twin, oldest first."""
    return records.in_force(state.files(name))


def _heal(target: Target, one: Fault, record: InForce) -> None:
    if record.saved.exists():
        target.restore(one.saves, record.saved)
    if record.kept.exists():
        with record.kept.open("rb") as kept:
            target.run(one.heal, kept)
    else:
        target.run(one.heal)


def _refuse_overlap(one: Fault, there: list[InForce]) -> None:
    for other in there:
        shared = sorted(set(one.saves) & set(catalogue.fault(other.fault).saves))
        if shared and other.fault != one.name:
            fix = f"heal it first: kubestead twin heal {other.node} {other.fault}"
            where = f"{other.node}: {other.fault} is in force"
            raise InvalidInput([Finding(where, f"it changed {', '.join(shared)} too", fix, one.name)])


def _target(name: str, node: str) -> Target:
    plan = commands.plan_of(name)
    return Target(plan, plan.node(node))
