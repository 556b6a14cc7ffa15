"""What belongs to the whole cluster: the API, the operator, Hubble's relay, DNS."""

from __future__ import annotations

from collections.abc import Iterator

from kubestead.cilium.status.model import Pod, Workload
from kubestead.cilium.status.trouble import KUBECTL, Kind, Trouble, listed
from kubestead.cilium.status.view import View

# Seconds after which another operator takes the lease over (its default, operator/option/config.go: 15 s); past four
# times that nobody did.
LEASE_SECONDS = 60.0
OPERATOR, RELAY, DNS = "cilium-operator", "hubble-relay", "coredns"


def cluster(view: View) -> Iterator[Trouble]:
    """Everything that is wrong beside the nodes and their agents."""
    if not view.cluster.answers:
        yield _silent(view)
        return
    if view.cluster.workloads is None:
        return
    if "cilium" not in view.cluster.workloads:
        means = "pods have no network, and nodes are not Ready"
        yield Trouble(Kind.NOT_INSTALLED, "cilium", "is not installed", means, "pyinfra INVENTORY deploys/cluster.py")
        return
    yield from _operator(view, view.cluster.workloads.get(OPERATOR, Workload(0, 0)))
    yield from _dns(view, view.cluster.workloads.get(DNS))
    if RELAY in view.cluster.workloads:
        yield from _relay(view, view.cluster.workloads[RELAY])
    elif view.wanted and view.wanted.relay:
        means = "flows cannot be asked for in one place; the pods' network goes on"
        yield Trouble(Kind.RELAY_DOWN, RELAY, "is not installed", means, "pyinfra INVENTORY deploys/cluster.py")


def _silent(view: View) -> Trouble:
    seen = tuple(f"{question}: {why}" for question, why in view.cluster.troubles.items())
    means = (
        "pods that run go on with what their agents know; nothing new is learnt, and what the API knows of Cilium "
        "(operator, relay, parts of the pod network) is not known"
    )
    then = "kubestead doctor; on the control plane: sudo journalctl -u kubelet -n 50"
    return Trouble(Kind.API_SILENT, "control plane", "the API does not answer", means, then, seen[:2])


def _operator(view: View, found: Workload) -> Iterator[Trouble]:
    pods = [one for one in view.cluster.pods or () if one.app == OPERATOR]
    means = (
        "no new node gets a part of the pod network, and what is left of deleted pods and nodes is not tidied away; "
        "pods that run go on"
    )
    lease, now = view.cluster.lease, view.cluster.asked
    if found.wanted == 0:
        then = f"{KUBECTL} scale deployment {OPERATOR} --replicas={min(2, max(1, len(view.nodes)))}"
        yield Trouble(Kind.OPERATOR_DOWN, OPERATOR, "is scaled to no pods", means, then)
    elif found.ready == 0:
        then = f"{KUBECTL} describe pods --selector io.cilium/app=operator"
        yield Trouble(
            Kind.OPERATOR_DOWN, OPERATOR, f"none of its {found.wanted} pods is ready", means, then, _seen(pods)
        )
    elif lease and now is not None and now - lease.renewed > LEASE_SECONDS:
        seen = (f"{lease.holder} renewed the lease {now - lease.renewed:.0f} s ago",)
        then = f"{KUBECTL} logs --selector io.cilium/app=operator --tail=50 --prefix"
        yield Trouble(Kind.OPERATOR_DOWN, OPERATOR, "none of its pods leads", means, then, seen)
    elif found.ready < found.wanted:
        means = "the other one works; there is no second one to take over"
        then = f"{KUBECTL} describe pods --selector io.cilium/app=operator"
        what = f"{found.ready} of {found.wanted} pods are ready"
        yield Trouble(Kind.OPERATOR_DOWN, OPERATOR, what, means, then, _seen(pods), "warning")


def _seen(pods: list[Pod]) -> tuple[str, ...]:
    return tuple(
        f"{one.name} on {one.node or 'no node'}: {one.waiting or one.ended or one.phase}"
        for one in pods
        if not one.ready
    )[:3]


def _dns(view: View, found: Workload | None) -> Iterator[Trouble]:
    if found and found.wanted and not found.ready:
        means = "pods find nobody by name; addresses go on"
        then = f"{KUBECTL} describe pods --selector k8s-app=kube-dns"
        yield Trouble(Kind.DNS_DOWN, DNS, f"none of its {found.wanted} pods is ready", means, then)


def _relay(view: View, found: Workload) -> Iterator[Trouble]:
    means = "flows cannot be asked for in one place; the pods' network goes on"
    logs = f"{KUBECTL} logs deployment/{RELAY} --tail=30"
    pods = [one for one in view.cluster.pods or () if one.app == RELAY]
    if found.ready == 0:
        what = f"none of its {found.wanted} pods is ready" if found.wanted else "is scaled to no pods"
        # Its only pod may stand on the very node that is ill.
        if not any(one.node and view.down(one.node) for one in pods):
            then = logs if found.wanted else f"{KUBECTL} scale deployment {RELAY} --replicas=1"
            yield Trouble(Kind.RELAY_DOWN, RELAY, what, means, then, _seen(pods))
        return
    told = view.cluster.relay
    if told and told.trouble:
        if not any(one.node and view.down(one.node) for one in pods):
            yield Trouble(Kind.RELAY_SILENT, RELAY, "runs but does not answer", means, logs, (told.trouble,))
    elif told and told.unavailable:
        names = [name.rpartition("/")[2] for name in told.names]
        unexplained = [name for name in names if not view.down(name)]
        if unexplained or not names:
            what = f"hears {told.connected} of {told.connected + told.unavailable} nodes"
            seen = (f"not heard: {listed(unexplained)}",) if unexplained else ()
            means = "flows of the others are missing; it tries again within a minute"
            yield Trouble(Kind.RELAY_PARTIAL, RELAY, what, means, logs, seen, "warning")
