"""Watching a node come back after a remedy."""

from __future__ import annotations

import time
from datetime import datetime

from pyinfra.api.host import Host

from kubestead.facts.node import ApiNode, NodeView
from kubestead.facts.service import Services
from kubestead.operations.steps import StepFailed, ask, told

KUBELET = "kubelet.service"
CONTAINERD = "containerd.service"
# The kubelet renews its lease every 10 s and needs a few seconds to start; past this it is not coming back by itself.
WITHIN_SECONDS = 90
BETWEEN_LOOKS = 0.5
# A kubelet that systemd had to start again this often after a remedy has not been cured by it.
CRASHES = 2


def until_ready(
    host: Host,
    control_plane: Host,
    since: datetime | None,
    boot_id: str | None = None,
    within_seconds: float = WITHIN_SECONDS,
) -> None:
    """Wait until the node is Ready by a lease of its present kubelet, and say how long it took.

    Args:
        host: the node.
        control_plane: the host whose API is asked.
        since: only a lease renewed after this counts, by the node's clock: the kubelet before may have renewed it last;
            None, where that is not known, will do with a boot.
        boot_id: the boot its kubelet must tell of; None: any.
        within_seconds: how long to watch.

    Raises:
        StepFailed: it did not come back, or its kubelet keeps ending; gives the kubelet's last words.
    """
    started = time.monotonic()
    crashes = None
    while True:
        view: NodeView = control_plane.get_fact(ApiNode, node=host.name)
        elapsed = time.monotonic() - started
        renewed = view.lease_renewed is not None and (view.lease_renewed > since if since else boot_id is not None)
        if view.ready == "True" and renewed and boot_id in (None, view.boot_id):
            told(host, f"after: Ready=True and a new lease, {elapsed:.0f} s later")
            return
        kubelet = host.get_fact(Services, units=(KUBELET,)).get(KUBELET)
        if kubelet:
            crashes = kubelet.restarts if crashes is None else crashes
            if kubelet.restarts - crashes >= CRASHES:
                raise StepFailed(f"{host.name}: its kubelet keeps ending ({view}){last_words(host)}")
        if elapsed > within_seconds:
            raise StepFailed(
                f"{host.name}: not well after {elapsed:.0f} s: {view}, kubelet {kubelet}{last_words(host)}"
            )
        time.sleep(BETWEEN_LOOKS)


def last_words(host: Host, unit: str = KUBELET) -> str:
    """What a service said last, and where to read more, as the end of an error."""
    try:
        lines = ask(host, f"journalctl --unit={unit} --lines=3 --output=cat --no-pager", what="its log")
    except StepFailed:
        lines = []
    said = f"; its last words: {' | '.join(line.strip()[:300] for line in lines)}" if lines else ""
    return f"{said}; next: on {host.name}: sudo journalctl -u {unit.removesuffix('.service')} -n 50"
