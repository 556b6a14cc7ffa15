"""The control plane: its certificates, etcd, the API server; and what its state means for the other nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kubestead.diagnose import certificates
from kubestead.diagnose.cause import Cause
from kubestead.diagnose.finding import Finding, shortened
from kubestead.diagnose.model import Seen
from kubestead.diagnose.report import Asked, ControlPlane
from kubestead.diagnose.rules_containerd import STOPPED_LETTERS

CLUSTER_CAUSES = (Cause.CONTROL_PLANE_CERTIFICATES_EXPIRED, Cause.ETCD_DOWN, Cause.API_SERVER_DOWN)
MANIFESTS = "/etc/kubernetes/manifests"
_REFUSED = ("Unauthorized", "must be logged in", "Forbidden", "forbidden")
# The kernel keeps fifteen characters of a process's name.
_CONTROLLERS = {"kube-controller": "kube-controller-manager", "kube-scheduler": "kube-scheduler"}


def control_plane(seen: Seen) -> Iterator[Finding]:
    """What is wrong with the control plane, on its own hosts and as it is felt on the others."""
    if seen.role == "control_plane" and seen.report:
        own = seen.report.control_plane
        if own is None:
            text = "it holds nothing of a control plane (/etc/kubernetes/pki)"
            yield Finding(Cause.API_SERVER_DOWN, text, ())
        else:
            yield from _certificates(own, seen.api.asked or seen.report.clock or 0.0)
            yield from _etcd(own, seen.report.busy)
            yield from _api_server(own, seen.report.busy)
            yield from _controllers(own)
    if seen.api.asked is not None and not seen.api.answers:
        yield from _silent(seen)


def answers(own: ControlPlane) -> bool:
    """Whether the API server of this host is ready; one that refuses the asker is there all the same."""
    return own.api is not None and (own.api.code == 0 or any(word in own.api.said for word in _REFUSED))


def slow(asked: Asked) -> bool:
    """It gave no answer in its time, and no other reason."""
    return asked.timed_out or any(
        words in asked.said for words in ("deadline exceeded", "timeout", "Client.Timeout", "[-]etcd")
    )


def _said(own: Asked) -> str:
    """Of /readyz only the checks that failed."""
    failed = re.findall(r"\[-\]([\w/.-]+)", own.said)
    return f"these of its checks fail: {', '.join(failed)}" if failed else shortened(own.said) or "no answer"


def _certificates(own: ControlPlane, now: float) -> Iterator[Finding]:
    over, soon = [], []
    for path, pem in sorted(own.certificates.items()):
        for certificate in certificates.read(pem)[:1]:
            name = path.removeprefix("/etc/kubernetes/")
            if certificates.ended(certificate, now) > 0:
                over.append(f"{name} ({certificates.day(certificate)})")
            elif certificates.not_yet(certificate, now):
                soon.append(name)
    if over:
        yield Finding(Cause.CONTROL_PLANE_CERTIFICATES_EXPIRED, f"these certificates have expired: {', '.join(over)}")
    if soon:
        text = f"these certificates are not valid yet, is the clock right? {', '.join(soon)}"
        yield Finding(Cause.CONTROL_PLANE_CERTIFICATES_EXPIRED, text)


def _not_running(own: ControlPlane, name: str, cause: Cause) -> Finding | None:
    """Why a static pod's process does nothing; None where it runs."""
    process = own.processes.get(name)
    if f"{name}.yaml" not in own.manifests:
        return Finding(cause, f"{MANIFESTS}/{name}.yaml is missing", ())
    if process is None:
        return Finding(cause, f"{name} does not run")
    if process in STOPPED_LETTERS:
        return Finding(cause, f"{name}'s process is stopped by a signal (state {process})")
    return None


def _etcd(own: ControlPlane, busy: bool) -> Iterator[Finding]:
    if "/etc/kubernetes/pki/etcd/server.crt" not in own.certificates and "etcd.yaml" not in own.manifests:
        return  # etcd is elsewhere
    if down := _not_running(own, "etcd", Cause.ETCD_DOWN):
        yield down
    elif own.etcd and own.etcd.status not in (200, None):
        yield Finding(Cause.ETCD_DOWN, f"etcd is not well: {shortened(own.etcd.text)}")
    elif own.etcd and own.etcd.status is None and not answers(own) and not (busy and own.etcd.timed_out):
        yield Finding(Cause.ETCD_DOWN, "etcd runs, but does not answer at 127.0.0.1:2381")


def _api_server(own: ControlPlane, busy: bool) -> Iterator[Finding]:
    if down := _not_running(own, "kube-apiserver", Cause.API_SERVER_DOWN):
        yield down
    elif own.api and not answers(own) and own.api.code != 127 and not (busy and slow(own.api)):
        yield Finding(Cause.API_SERVER_DOWN, f"kube-apiserver is not ready: {_said(own.api)}")


def _controllers(own: ControlPlane) -> Iterator[Finding]:
    for process, name in _CONTROLLERS.items():
        if f"{name}.yaml" not in own.manifests:
            yield Finding(Cause.UNKNOWN, f"{MANIFESTS}/{name}.yaml is missing")
        elif process not in own.processes or own.processes[process] in STOPPED_LETTERS:
            yield Finding(Cause.UNKNOWN, f"{name} does not run")


def _silent(seen: Seen) -> Iterator[Finding]:
    """The API was asked on a control plane and gave no answer; what is known of why is a matter of that host."""
    down = seen.api.down
    if down is None:
        yield Finding(Cause.UNKNOWN, f"the API could not be asked: {shortened(seen.api.trouble) or 'no answer'}")
    elif down.node != seen.node:
        known = (*CLUSTER_CAUSES, Cause.UNKNOWN)
        cause = down.cause if down.cause in known else Cause.API_SERVER_DOWN
        why = down.evidence[0] if down.evidence else down.cause.summary
        advice = f"first see to {down.node}: {down.advice}" if down.advice else ""
        yield Finding(cause, f"the API does not answer, because of {down.node}: {why}", (), advice)
