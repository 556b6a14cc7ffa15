"""A node taken out of scheduling, emptied by eviction, and given back."""

from __future__ import annotations

import json

from pyinfra.api import QuoteString
from pyinfra.api.host import Host

from kubestead.facts.node import ApiNode, NodeView
from kubestead.health import KUBECTL
from kubestead.marks import CORDONED_FOR, by_watcher, mark
from kubestead.operations.steps import StepFailed, ask, told

_KUBECTL = f"{KUBECTL} --request-timeout=10s"


def cordon(host: Host, control_plane: Host, purpose: str) -> bool:
    """Cordon the node; whether the cordon is ours to lift again: one that a person made stays.

    A remedy's cordon that is there already becomes this one's. A watcher (host data ``watcher``) never takes one over
    that was made by hand.

    Raises:
        StepFailed: the API did not do it, or a watcher came upon a person's work.
    """
    view: NodeView = control_plane.get_fact(ApiNode, node=host.name)
    watcher = str(host.data.get("watcher") or "")
    found = _mark(host, control_plane) if view.cordoned else ""
    if view.cordoned and watcher and not by_watcher(found):
        raise StepFailed(f"{host.name}: somebody has cordoned it meanwhile: it is theirs")
    if view.cordoned and not found:
        told(host, "is cordoned already, and stays so")
        return False
    _patch(host, control_plane, mark(purpose, watcher), cordoned=True)
    told(host, f"was cordoned by an earlier remedy ({found})" if found else "cordoned")
    return True


def uncordon(host: Host, control_plane: Host) -> None:
    """Lift our cordon."""
    _patch(host, control_plane, None, cordoned=None)
    told(host, "uncordoned")


def _patch(host: Host, control_plane: Host, purpose: str | None, cordoned: bool | None) -> None:
    """Cordon and mark in one request: a mark without its cordon would make a later cordon of a person's ours."""
    change = {"metadata": {"annotations": {CORDONED_FOR: purpose}}, "spec": {"unschedulable": cordoned}}
    by_hand = f"{KUBECTL} uncordon {host.name} && {KUBECTL} annotate node {host.name} {CORDONED_FOR}-"
    ask(
        control_plane,
        _KUBECTL, "patch node", QuoteString(host.name),
        "--type=merge --patch", QuoteString(json.dumps(change)), "> /dev/null",
        what=f"{'cordoning' if cordoned else 'uncordoning'} {host.name}",
        advice="" if cordoned else by_hand,
    )  # fmt: skip


def uncordon_ours(host: Host, control_plane: Host) -> bool:
    """Lift a cordon that an earlier remedy left; False, and nothing is done, where it is a person's."""
    if not _mark(host, control_plane):
        return False
    uncordon(host, control_plane)
    return True


def _mark(host: Host, control_plane: Host) -> str:
    """Of the remedy that cordoned the node; empty where a person did."""
    path = QuoteString("jsonpath={.metadata.annotations." + CORDONED_FOR.replace(".", r"\.") + "}")
    node = QuoteString(host.name)
    marked = ask(control_plane, _KUBECTL, "get node", node, "--output", path, what="reading the node")
    return "".join(marked).strip()


def drain(host: Host, control_plane: Host, within_seconds: int, wait_for_pods: bool, force: bool) -> None:
    """Evict the node's pods; PodDisruptionBudgets are kept.

    Pods of DaemonSets stay. What is in emptyDir volumes goes with its pod, as at every drain.

    Args:
        host: the node.
        control_plane: the host whose API is asked.
        within_seconds: the deadline.
        wait_for_pods: until they are gone; a node whose kubelet is dead cannot end any.
        force: also pods that nobody makes anew.

    Raises:
        StepFailed: a budget kept a pod past the deadline, or a pod would be lost.
    """
    options = ["--ignore-daemonsets --delete-emptydir-data", f"--timeout={within_seconds}s"]
    options += [] if wait_for_pods else ["--skip-wait-for-delete-timeout=1"]
    options += ["--force"] if force else []
    ask(
        control_plane, KUBECTL, "drain", QuoteString(host.name), *options, "> /dev/null",
        what=f"draining {host.name}", timeout=within_seconds + 30,
        advice=f"see {KUBECTL} get pdb -A; --data over_budgets=true goes on all the same",
    )  # fmt: skip
    told(host, "drained")
