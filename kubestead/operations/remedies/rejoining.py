"""The last remedy but power: the node taken out of its cluster's files, and joined again under the same name."""

from __future__ import annotations

import time
from collections.abc import Generator

from pyinfra import host
from pyinfra.api import FunctionCommand, StringCommand, operation
from pyinfra.api.host import Host

from kubestead.facts.leftovers import Leftovers
from kubestead.facts.membership import NodeMembership
from kubestead.facts.node import ApiNode, Clock
from kubestead.health import KUBECTL
from kubestead.membership import Membership
from kubestead.operations import kubeadm
from kubestead.operations.flow import failure
from kubestead.operations.nodes import marked
from kubestead.operations.remedies.cilium import until_agent_ready
from kubestead.operations.remedies.drain import cordon, uncordon
from kubestead.operations.remedies.watch import BETWEEN_LOOKS, until_ready
from kubestead.operations.remedies.wellness import Wellness, wellness
from kubestead.operations.steps import StepFailed, ask, attempt, run_on, told
from kubestead.render import render
from kubestead.spec import ClusterSpec, NodeSpec

RESET_SECONDS = 600
# The inventory's group.
CONTROL_PLANE = "control_plane"
# The API calls a node whose kubelet is gone NotReady after 40 s; kubeadm refuses the name of one that is Ready.
GONE_SECONDS = 90


@operation()
def rejoin(
    spec: ClusterSpec, node_spec: NodeSpec, node_address: str, control_plane: Host, force: bool = False
) -> Generator[FunctionCommand | StringCommand, None, None]:
    """Reset the node and join it again with a token of this run; a healthy node is left alone, a control plane refused.

    The Node object stays, and with it labels, taints, annotations and the pods bound to it. The token is made by this
    process, goes by stdin, lives some minutes and is deleted whatever happens.

    Args:
        spec: the cluster.
        node_spec: the node's labels and taints by the inventory.
        node_address: the IPv4 address it is known by in the cluster.
        control_plane: the host that mints the token, and whose API is asked.
        force: do it even though the node is well.
    """
    membership = host.get_fact(NodeMembership)
    before = wellness(host, control_plane)
    refusal = _refusal(host, membership, before, spec)
    if refusal:
        yield failure(f"{host.name}: {refusal}")
        return
    if before.well and not force:
        host.noop(f"the node is well ({before}); --data force=true rejoins it all the same")
        return
    yield FunctionCommand(attempt(_rejoin), (control_plane, spec, node_spec, node_address, before), {})


def _refusal(host: Host, membership: Membership, before: Wellness, spec: ClusterSpec) -> str | None:
    """Why this host may not be reset, with the next command; None when it may."""
    # The inventory's word too: what a host says of itself may have got lost on the way.
    if CONTROL_PLANE in host.groups or membership.is_control_plane or membership.has_etcd_data:
        return "is a control plane, and its etcd holds the cluster; restore it from a backup, or mend what is broken"
    if membership.server not in (None, f"https://{spec.control_plane_endpoint}"):
        return f"is a node of {membership.server}, not of https://{spec.control_plane_endpoint}"
    if before.view.exists is None:
        return f"would be reset and could not join again: the API does not answer; try: {KUBECTL} get --raw /readyz"
    if not before.view.exists and membership == Membership():
        return "is no node of this cluster; build it: pyinfra INVENTORY deploys/cluster.py"
    return None


def _rejoin(
    host: Host,
    control_plane: Host,
    spec: ClusterSpec,
    node_spec: NodeSpec,
    node_address: str,
    before: Wellness,
) -> None:
    told(host, f"before: {before}")
    # Whoever watches leaves a node alone that is being worked on.
    cordoned = bool(before.view.exists) and cordon(host, control_plane, "rejoin")
    try:
        _join_anew(host, control_plane, spec, node_spec, node_address)
    except StepFailed as error:
        raise StepFailed(f"{error}{'; it is left cordoned' if cordoned else ''}") from None
    if cordoned:
        uncordon(host, control_plane)


def _join_anew(host: Host, control_plane: Host, spec: ClusterSpec, node_spec: NodeSpec, node_address: str) -> None:
    ask(host, render("reset.sh.j2"), what="taking the node out of its cluster", timeout=RESET_SECONDS)
    left = host.get_fact(Leftovers)
    told(host, f"reset; left over: {', '.join(left) or 'nothing'}")
    _until_gone(host, control_plane)
    clock = host.get_fact(Clock)
    ttl = spec.token_ttl_minutes
    try:
        run_on(control_plane, lambda: kubeadm.mint_token._inner(ttl_minutes=ttl), what="minting a join token")
        run_on(
            host,
            lambda: kubeadm.join._inner(spec=spec, node_address=node_address, control_plane=control_plane),
            what="joining",
        )
    except StepFailed as error:
        raise StepFailed(
            f"{error}; the node is reset; when that is mended: pyinfra INVENTORY deploys/cluster.py"
        ) from None
    finally:
        _delete_token(host, control_plane, ttl)
    if node_spec.labels or node_spec.taints:
        run_on(control_plane, lambda: marked._inner(nodes={host.name: node_spec}), what="labels and taints")
    until_ready(host, control_plane, since=clock)
    until_agent_ready(host, control_plane, since=clock)


def _delete_token(host: Host, control_plane: Host, ttl_minutes: int) -> None:
    if not control_plane.data.get("join_material"):
        return
    try:
        run_on(control_plane, kubeadm.delete_token._inner, what="deleting the join token")
    except StepFailed as error:  # the join's own outcome is what counts
        told(host, f"{error}; the token ends by itself after {ttl_minutes} minutes")


def _until_gone(host: Host, control_plane: Host) -> None:
    """Wait until the API no longer calls the node Ready."""
    end = time.monotonic() + GONE_SECONDS
    while (view := control_plane.get_fact(ApiNode, node=host.name)).ready == "True":
        if time.monotonic() > end:
            raise StepFailed(
                f"{host.name}: is reset, and still {view} after {GONE_SECONDS} s; does another host bear its name?"
            )
        time.sleep(BETWEEN_LOOKS)
