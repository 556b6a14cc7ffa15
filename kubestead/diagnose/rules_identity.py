"""Whom the kubelet trusts, who it says it is, and whether the API hears it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kubestead.diagnose import certificates
from kubestead.diagnose.cause import Cause
from kubestead.diagnose.finding import Finding, ago, shortened
from kubestead.diagnose.model import Seen
from kubestead.diagnose.report import Identity, NodeReport
from kubestead.diagnose.rules_control_plane import slow

KUBECONFIG = "/etc/kubernetes/kubelet.conf"
# What the client that the kubelet itself is made of says; the first that fits is taken.
_ANSWERS = tuple(
    (re.compile(pattern), cause)
    for pattern, cause in (
        ("signed by unknown authority|failed to verify certificate: x509: certificate signed", Cause.CA_REPLACED),
        ("unable to load root certificates|unable to parse bytes as PEM", Cause.CA_REPLACED),
        ("certificate has expired or is not yet valid", Cause.CONTROL_PLANE_CERTIFICATES_EXPIRED),
        ("private key does not match|failed to find any PEM|unable to read client-(cert|key)|invalid configuration",
         Cause.KUBELET_CERTIFICATE_BROKEN),
        ("[Uu]nauthorized|must be logged in|[Ff]orbidden|bad certificate|remote error: tls",
         Cause.KUBELET_CERTIFICATE_BROKEN),
        (r"error loading config file|yaml: |cannot unmarshal|no configuration has been provided|stat \S+kubelet.conf",
         Cause.KUBELET_CERTIFICATE_BROKEN),
        (r"\(NotFound\)|not found", Cause.NODE_DELETED),
        ("was refused - did you specify|Unable to connect to the server", Cause.API_UNREACHABLE),
        ("no such host|server misbehaving|i/o timeout|connection refused|no route to host|network is unreachable"
         "|deadline exceeded|Client.Timeout|connection reset|EOF|TLS handshake timeout|certificate is valid for",
         Cause.API_UNREACHABLE),
    )
)  # fmt: skip


_DIALLED = re.compile(r"dial tcp \[?([0-9a-fA-F.:]+?)\]?:\d+")


def identity(seen: Seen) -> Iterator[Finding]:
    """Everything that is wrong between the kubelet and the API."""
    if seen.report is None:
        return
    now = seen.api.asked or seen.report.clock or 0.0
    yield from _authority(seen, seen.report.identity)
    found = [*_certificate(seen, seen.report, now)]
    yield from found
    yield from _asking(seen, seen.report.identity, bool(found))


def _authority(seen: Seen, own: Identity) -> Iterator[Finding]:
    cluster, file = certificates.read(seen.api.ca), "/etc/kubernetes/pki/ca.crt"
    conf, pki = certificates.read(own.conf_ca), certificates.read(own.pki_ca)
    if own.pki_ca is not None and not pki and own.server:
        yield Finding(Cause.CA_REPLACED, f"{file} is missing or holds no certificate: the kubelet cannot start so")
    if cluster:
        for name, held in ((KUBECONFIG, conf), (file, pki)):
            if held and not certificates.same(held, cluster):
                yield Finding(Cause.CA_REPLACED, f"the CA in {name} is not the cluster's")
    elif conf and pki and not certificates.same(conf, pki):
        yield Finding(Cause.CA_REPLACED, f"the CA in {KUBECONFIG} is not the one in {file}")


def _certificate(seen: Seen, report: NodeReport, now: float) -> Iterator[Finding]:
    own = report.identity
    if report.files.get(KUBECONFIG) in ("missing", "empty"):
        yield Finding(Cause.KUBELET_CERTIFICATE_BROKEN, f"{KUBECONFIG} is {report.files[KUBECONFIG]}")
        return
    place = own.client_file or KUBECONFIG
    held = certificates.read(own.client)
    if not held:
        if own.client is not None:
            text = f"there is no client certificate that can be read in {place}"
            yield Finding(Cause.KUBELET_CERTIFICATE_BROKEN, text)
        return
    certificate = held[0]
    name, groups = certificates.subject(certificate)
    authorities = certificates.read(seen.api.ca) or certificates.read(own.conf_ca)
    if (over := certificates.ended(certificate, now)) > 0:
        text = f"the kubelet's client certificate ({place}) has been expired{ago(over)}, since "
        yield Finding(Cause.KUBELET_CERTIFICATE_EXPIRED, text + certificates.day(certificate))
    elif certificates.not_yet(certificate, now):
        yield Finding(Cause.KUBELET_CERTIFICATE_BROKEN, f"the certificate in {place} is not valid yet")
    elif authorities and not certificates.signed_by(certificate, authorities):
        text = f"the certificate in {place} was not signed by the CA in force"
        yield Finding(Cause.KUBELET_CERTIFICATE_BROKEN, text)
    elif name != f"system:node:{seen.node}" or "system:nodes" not in groups:
        text = (
            f"the certificate in {place} is {name or 'nobody'}'s ({', '.join(groups)}), not system:node:{seen.node}'s"
        )
        yield Finding(Cause.KUBELET_CERTIFICATE_BROKEN, text)


def _asking(seen: Seen, own: Identity, broken: bool) -> Iterator[Finding]:
    """What came of asking the API for the own Node, with kubelet.conf as it is."""
    if own.api is None or own.api.code == 0 or own.server is None:
        return
    if own.api.code == 127:
        # No kubectl here: a bare connection tells less.
        if own.tcp and own.tcp.code:
            yield _unreachable(seen, own, own.tcp.said or "no connection")
        return
    cause = next((cause for pattern, cause in _ANSWERS if pattern.search(own.api.said)), None)
    text = f"asked with {KUBECONFIG}, the API's answer is: {shortened(own.api.said)}"
    if own.api.timed_out or cause is Cause.API_UNREACHABLE:
        if seen.report and seen.report.busy and slow(own.api) and not (own.tcp and own.tcp.code):
            return
        told = own.tcp.said if own.tcp and own.tcp.code else ""
        yield _unreachable(seen, own, "; ".join(filter(None, (told, own.api.said))) or "no answer")
    elif cause is Cause.KUBELET_CERTIFICATE_BROKEN and broken:
        return
    elif cause is Cause.NODE_DELETED and seen.api.exists is not False:
        yield Finding(Cause.NODE_DELETED, text)
    elif cause is Cause.CONTROL_PLANE_CERTIFICATES_EXPIRED:
        yield Finding(cause, f"the API server's certificate is not valid now: {shortened(own.api.said)}", rungs=())
    elif cause is not None and cause is not Cause.NODE_DELETED:
        yield Finding(cause, text)
    elif cause is None:
        yield Finding(Cause.UNKNOWN, text)


def _unreachable(seen: Seen, own: Identity, why: str) -> Finding:
    place = f"the API at {own.server} cannot be reached from here: {shortened(why)}"
    known = seen.api.server
    if known and own.server and own.server != known and seen.role == "worker":
        return Finding(Cause.KUBELET_CERTIFICATE_BROKEN, f"{KUBECONFIG} leads to {own.server}, the API is at {known}")
    if not seen.api.answers:
        # Nobody can: the rules of the control plane say why.
        return Finding(Cause.API_SERVER_DOWN, place, rungs=None if seen.role == "control_plane" else ())
    others = f", though it answers others ({seen.api.others_ready} other nodes are Ready)"
    dialled = _DIALLED.search(why)
    if "no such host" in why or (dialled and seen.api.planes and dialled[1] not in seen.api.planes):
        # The name is ours to write (/etc/hosts); behind a balancer's address this is worth a try too.
        return Finding(Cause.API_UNREACHABLE, f"{place}{others}; the name leads to no control plane")
    return Finding(Cause.API_UNREACHABLE, place + others, rungs=())
