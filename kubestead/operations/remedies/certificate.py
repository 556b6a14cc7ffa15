"""A kubelet that cannot come back by its certificate gets a new one: minted on a control plane, never on a disk there.

A client certificate renews itself only while it is good: an expired one keeps its node out for ever (kubeadm's
documentation, "kubelet client certificate rotation fails").
"""

from __future__ import annotations

import time
from collections.abc import Generator
from datetime import datetime, timezone

from pyinfra import host
from pyinfra.api import FunctionCommand, QuoteString, StringCommand, operation
from pyinfra.api.host import Host

from kubestead.facts.files import FileTexts
from kubestead.facts.kubeletcertificate import KUBELET_CONF, KubeletCertificate
from kubestead.facts.node import ApiNode, Clock, NodeView
from kubestead.facts.service import Service, Services
from kubestead.health import KUBECTL
from kubestead.nodecredentials import CURRENT, Credentials, fault, read_credentials
from kubestead.operations.flow import failure
from kubestead.operations.kubeadm import CA_CERTIFICATE
from kubestead.operations.remedies.services import TIMEOUT_SECONDS, restart_script
from kubestead.operations.remedies.watch import BETWEEN_LOOKS, KUBELET, until_ready
from kubestead.operations.steps import StepFailed, ask, attempt, told
from kubestead.render import render

Commands = Generator[StringCommand | FunctionCommand, None, None]
# A certificate request is signed by the controller manager in about a second.
ROTATED_SECONDS = 30


@operation()
def renew_kubelet_certificate(control_plane: Host, force: bool = False) -> Commands:
    """Give the kubelet a new client certificate and the cluster's CA, and watch it come back; a good one is kept.

    The new kubeconfig goes from the control plane to the node through this process, by stdin; it is in no argument, no
    log and no file but the kubelet's own. Once the kubelet has renewed the certificate by itself, the kubeconfig points
    at that one, as kubeadm leaves it.

    Args:
        control_plane: the host that mints it, and whose API is asked how the node is.
        force: do it even though the node is well and its certificate good.
    """
    kubelet = host.get_fact(Services, units=(KUBELET,)).get(KUBELET, Service())
    view: NodeView = control_plane.get_fact(ApiNode, node=host.name)
    cluster_ca = control_plane.get_fact(FileTexts, paths=(CA_CERTIFICATE,)).get(CA_CERTIFICATE)
    if cluster_ca is None:
        yield failure(f"{control_plane.name}: {CA_CERTIFICATE} cannot be read; is it a control plane?")
        return
    now = view.asked or control_plane.get_fact(Clock) or datetime.now(timezone.utc)
    own_ca = host.get_fact(FileTexts, paths=(CA_CERTIFICATE,)).get(CA_CERTIFICATE)
    wrong = fault(host.get_fact(KubeletCertificate), own_ca, cluster_ca, now)
    if view.well and kubelet.runs and wrong is None and not force:
        host.noop(f"the node is well ({view}) and its certificate good; --data force=true renews it all the same")
        return
    yield FunctionCommand(attempt(_renew), (control_plane, kubelet, wrong or "nothing wrong with it was found"), {})


def _renew(host: Host, control_plane: Host, kubelet: Service, wrong: str) -> None:
    told(host, f"before: kubelet {kubelet}; {wrong}")
    minted = _mint(host, control_plane)
    ask(
        host,
        render("kubelet-credentials.sh.j2", ca=minted.ca.strip()),
        stdin=minted.kubeconfig,
        what=f"writing {KUBELET_CONF}",
    )
    ask(host, restart_script(KUBELET, kubelet), what="restarting the kubelet", timeout=TIMEOUT_SECONDS)
    until_ready(host, control_plane, since=host.get_fact(Clock))
    _point_at_own(host, minted)


def _mint(host: Host, control_plane: Host) -> Credentials:
    """A kubeconfig for the node's kubelet, signed by the cluster's CA."""
    lines = ask(
        control_plane,
        KUBECTL, "--request-timeout=10s --namespace kube-system get configmap kubeadm-config",
        "--output=jsonpath={.data.ClusterConfiguration} | kubeadm kubeconfig user --config /dev/stdin",
        "--org system:nodes --client-name", QuoteString(f"system:node:{host.name}"),
        what=f"minting a certificate for {host.name}",
        advice=f"see whether its API answers: {KUBECTL} get --raw /readyz",
    )  # fmt: skip
    try:
        return read_credentials("\n".join(lines) + "\n", host.name)
    except ValueError as error:
        raise StepFailed(f"{control_plane.name}: {error}") from None


def _point_at_own(host: Host, minted: Credentials) -> None:
    """Have the kubeconfig point at the certificate the kubelet keeps, once it keeps one."""
    end = time.monotonic() + ROTATED_SECONDS
    current = "sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p' {} 2>/dev/null || true"
    while True:
        kept = "\n".join(ask(host, current.format(CURRENT), what="reading its certificate"))
        renewed = bool(kept) and kept.split() != minted.certificate.split()
        if renewed or time.monotonic() > end:
            break
        time.sleep(BETWEEN_LOOKS)
    if not kept:
        told(host, f"its kubelet does not renew certificates; this one lasts until {minted.expires:%Y-%m-%d}")
        return
    ask(
        host,
        f"umask 077; cat > {KUBELET_CONF}.kubestead && mv -fT {KUBELET_CONF}.kubestead {KUBELET_CONF}",
        stdin=minted.pointing,
        what=f"writing {KUBELET_CONF}",
    )
    told(host, "its kubelet renewed the certificate by itself" if renewed else "its request for a certificate waits")
