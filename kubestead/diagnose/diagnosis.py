"""The rules together: everything that is wrong is found, and the deepest of it is the cause."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from kubestead.diagnose.cause import Cause
from kubestead.diagnose.finding import LEASE_FRESH_SECONDS, Finding, ago, heard, shortened
from kubestead.diagnose.model import Diagnosis, Seen
from kubestead.diagnose.remedy import advice
from kubestead.diagnose.rules_cluster import cluster
from kubestead.diagnose.rules_containerd import containerd
from kubestead.diagnose.rules_control_plane import control_plane
from kubestead.diagnose.rules_host import clock, disks, memory_and_processes, reach, swap
from kubestead.diagnose.rules_identity import identity
from kubestead.diagnose.rules_kubelet import kubelet
from kubestead.diagnose.rules_network import network

RULES: tuple[Callable[[Seen], Iterable[Finding]], ...] = (
    reach,
    disks,
    memory_and_processes,
    clock,
    swap,
    containerd,
    kubelet,
    # Of two findings of one cause the first is told first: why the API is down, then that it cannot be reached.
    control_plane,
    identity,
    network,
    cluster,
)


def diagnose(seen: Seen) -> Diagnosis:
    """Exactly one cause, the deepest that was found, with everything else as evidence.

    Without a finding a node is ``healthy`` only if it was heard (Ready, its lease fresh) and nothing that has to be
    known stayed unknown; else it is ``unknown``.
    """
    findings = sorted((one for rule in RULES for one in rule(seen)), key=lambda one: (one.mild, one.cause.depth))
    gaps = list(_unknown(seen))
    status = _status(seen)
    nothing = not findings or findings[0].cause is Cause.UNKNOWN
    if seen.report and seen.report.busy and nothing and (gaps or not heard(seen)):
        text = f"it is too busy to answer in time: {seen.report.load:.0f} tasks for {seen.report.processors} processors"
        findings.append(Finding(Cause.UNKNOWN, text))
    if not findings:
        cause = Cause.HEALTHY if heard(seen) and not gaps else Cause.UNKNOWN
        findings = [Finding(cause, status)]
    else:
        findings.append(Finding(Cause.UNKNOWN, status))
    first = findings[0]
    told = [one.text for one in findings if one.text]
    if gaps and first.cause is not Cause.HEALTHY:
        told.append(f"not known: {', '.join(gaps)}")
    return Diagnosis(
        node=seen.node,
        cause=first.cause,
        evidence=tuple(dict.fromkeys(told)),
        remedies=first.remedies,
        advice=first.advice or advice(first.cause, seen.node),
    )


def _status(seen: Seen) -> str:
    """What the API says, for people."""
    api = seen.api
    if not api.answers:
        return "what the API knows of it could not be asked"
    if api.ready is None:
        return "the API knows no Ready condition of it"
    since = api.asked - api.ready.since if api.asked and api.ready.since else None
    age = api.lease_age
    lease = "it has no lease" if age is None else f"its lease is {age:.0f} s old"
    if api.ready.status == "True":
        fresh = (
            "" if age is not None and age < LEASE_FRESH_SECONDS else f", a healthy one under {LEASE_FRESH_SECONDS:.0f}"
        )
        return f"the API says Ready; {lease}{fresh}"
    why = shortened(": ".join(filter(None, (api.ready.reason, api.ready.message))), 200)
    return f"the API says Ready={api.ready.status}{ago(since)} ({why}); {lease}"


def _unknown(seen: Seen) -> Iterator[str]:
    """What has to be known before a node may be called healthy, and is not."""
    api, report = seen.api, seen.report
    if not api.answers:
        yield "what the API says"
    elif api.exists is None:
        yield "whether the API has its node"
    if report is None:
        yield seen.trouble or "what the host says of itself"
        return
    known = {
        "its file systems": bool(report.disks),
        "its swap": report.swaps is not None,
        "the kubelet's state": report.kubelet.active is not None and report.kubelet.load is not None,
        "the kubelet's program": "kubelet" in report.binaries and report.binaries["kubelet"].works,
        "containerd's state": report.containerd.active is not None,
        "whether containerd answers": report.runtime.answer is not None and report.runtime.answer.code == 0,
        "its certificate": report.identity.client is not None,
        "whether it reaches the API": report.identity.api is not None and report.identity.api.code == 0,
        "its CNI configuration": report.cni_files is not None,
    }
    yield from (name for name, is_known in known.items() if not is_known)
