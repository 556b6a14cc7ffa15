"""Verification: a look at the cluster's health, and the full smoke."""

from __future__ import annotations

from pyinfra import host, inventory, state
from pyinfra.api import DeployError
from pyinfra.api.deploy import deploy

from kubestead.dryrun import planned_last
from kubestead.images import AGNHOST
from kubestead.inventory import explained
from kubestead.operations.health import healthy
from kubestead.operations.smoke import smoke
from kubestead.phases.sources import Sources
from kubestead.phases.topology import first_control_plane, node_names
from kubestead.spec import ClusterSpec
from kubestead.unreachable import left_out

# The slowest thing waited for is an image pull on a thin line.
WITHIN_SECONDS = 600


def require_control_plane() -> None:
    """For a deploy that only verifies: without the first control plane it would do nothing, and end with exit code 0.

    Raises:
        DeployError: --limit or --exclude leave it out, or it did not answer.
    """
    first = first_control_plane()
    if first not in state.active_hosts:
        raise DeployError(f"{first.name} is no part of this run, and the cluster is looked at from there; name it too")


@deploy("Verify")
def verify(spec: ClusterSpec, only_if_changed: bool = False) -> None:
    """Wait until nodes and system pods are well, then run the full smoke; nodes that were left out are not waited for.

    Args:
        spec: the cluster.
        only_if_changed: leave the smoke out when nothing in this run changed anything.

    Raises:
        DeployError: the catalog cannot be read, or has no verified image for the smoke.
    """
    absent = left_out()
    others = [name for name in node_names() if not state.is_host_in_limit(inventory.get_host(name))]
    nodes = [name for name in node_names() if name not in {*absent, *others}]
    healthy(
        name="Nodes and system pods", expected_nodes=nodes, within_seconds=WITHIN_SECONDS, absent=absent, others=others
    )
    if not spec.smoke:
        return
    with explained(DeployError):
        image = Sources.of(host).catalog.image(AGNHOST)
    tried = smoke(
        name="Smoke: pods, services, DNS, policies, Cilium, Hubble",
        image=image,
        nodes=nodes,
        absent=absent,
        others=others,
        dns_domain=spec.dns_domain,
        egress_target=spec.smoke_egress_target,
        hubble_relay=spec.hubble and spec.hubble_relay,
        only_if_changed=only_if_changed,
    )
    planned_last(tried)
