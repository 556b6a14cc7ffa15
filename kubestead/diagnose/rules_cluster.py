"""The node as the cluster has it: its object, its marks, its pods, and Cilium's operator."""

from __future__ import annotations

from collections.abc import Iterator

from kubestead.diagnose.cause import Cause
from kubestead.diagnose.finding import Finding, ago, shortened
from kubestead.diagnose.model import Seen
from kubestead.diagnose.remedy import Remedy

# A pod's deletion has its grace period in it already; the kubelet needs a moment more.
TERMINATING_SECONDS = 30.0


def cluster(seen: Seen) -> Iterator[Finding]:
    """Everything the API knows to be wrong."""
    api = seen.api
    if not api.answers:
        return
    if api.exists is False:
        yield Finding(Cause.NODE_DELETED, "the API has no node of this name")
    if api.cordoned and api.cordoned_for:
        text = f"the remedy {api.cordoned_for} cordoned it and did not end well"
        yield Finding(Cause.CORDONED, text, advice=f"pyinfra INVENTORY deploys/recover.py --limit {seen.node}")
    elif api.cordoned:
        yield Finding(Cause.CORDONED, "somebody cordoned it: no new pods are placed on it")
    yield from _operator(seen)
    yield from _terminating(seen)


def _operator(seen: Seen) -> Iterator[Finding]:
    operators = seen.api.operators
    if operators and not any(pod.ready for pod in operators):
        trouble = next((pod.trouble for pod in operators if pod.trouble), "")
        phases = ", ".join(f"{pod.name} is {pod.phase}" for pod in operators)
        text = f"no Cilium operator is ready: {phases}{f' ({shortened(trouble)})' if trouble else ''}"
        yield Finding(Cause.CILIUM_OPERATOR_PENDING, text)
        return
    for pod in operators:
        if pod.node is None:
            text = f"the Cilium operator {pod.name} finds no place: {shortened(pod.trouble)}"
            yield Finding(Cause.CILIUM_OPERATOR_PENDING, text)


def _terminating(seen: Seen) -> Iterator[Finding]:
    asked = seen.api.asked
    late = [
        (asked - pod.deletion, f"{pod.namespace}/{pod.name}")
        for pod in seen.api.terminating
        if asked is not None and pod.deletion is not None and asked - pod.deletion > TERMINATING_SECONDS
    ]
    if late:
        names = ", ".join(name for _, name in sorted(late, reverse=True)[:5])
        more = f" and {len(late) - 5} more" if len(late) > 5 else ""
        text = f"{len(late)} pods on it should have been gone{ago(max(late)[0])}: {names}{more}"
        rungs = (Remedy.OUT_OF_SERVICE,) if seen.reach.power == "off" else ()
        yield Finding(Cause.PODS_TERMINATING, text, rungs)
