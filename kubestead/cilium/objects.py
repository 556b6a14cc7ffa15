"""Cilium's objects that stand for choices of the spec: pools of addresses, announcements on links, BGP. Pure."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import yaml

from kubestead.manifests import Identity
from kubestead.render import render
from kubestead.spec import ClusterSpec
from kubestead.spec.places import place

OWNER = "cilium"
NAMESPACE = "kube-system"
"""Where BGP looks for passwords, too: the chart's bgpControlPlane.secretsNamespace."""
MARK = "kubestead-cilium"
"""The ConfigMap that is there as long as any of the objects is, and names them: a run sees by it what was applied."""

KINDS = {
    "ConfigMap": "configmaps",
    "Secret": "secrets",
    "CiliumPodIPPool": "ciliumpodippools.cilium.io",
    "CiliumLoadBalancerIPPool": "ciliumloadbalancerippools.cilium.io",
    "CiliumL2AnnouncementPolicy": "ciliuml2announcementpolicies.cilium.io",
    "CiliumBGPAdvertisement": "ciliumbgpadvertisements.cilium.io",
    "CiliumBGPPeerConfig": "ciliumbgppeerconfigs.cilium.io",
    "CiliumBGPClusterConfig": "ciliumbgpclusterconfigs.cilium.io",
}
KEPT = ("CiliumPodIPPool",)
"""Never deleted: pods may have their addresses, and the operator forgets whose they are with the pool."""

MAKERS = {"CiliumPodIPPool": "cilium-operator"}
"""Cilium's operator makes these as it starts, out of the chart's values, and does not change one that is there."""

KEYS = {
    "CiliumPodIPPool": "cilium_pools",
    "CiliumLoadBalancerIPPool": "cilium_lb_pools",
    "CiliumL2AnnouncementPolicy": "cilium_l2_announcements",
}
"""The key of the spec an object comes from; the others are BGP's."""


def cilium_objects(spec: ClusterSpec, workers: bool, passwords: Mapping[str, str]) -> list[dict[str, Any]]:
    """The manifests of ``templates/cilium-objects.yaml.j2`` and the Secrets they name; none where nothing asks for any.

    Args:
        spec: the cluster.
        workers: whether there are nodes that are not control planes.
        passwords: of BGP's peers, by ``instance.peer``.
    """
    if not (
        spec.cilium_lb_pools or spec.cilium_l2_announcements or spec.cilium_bgp or spec.cilium_ipam == "multi-pool"
    ):
        return []
    secrets = {name: f"kubestead-bgp.{name}" for name in passwords}
    pools = [("default", spec.pool, spec.pod_cidr_mask_size)]
    pools += [(pool.name, pool.cidrs, pool.mask_size) for pool in spec.cilium_pools]
    text = render(
        "cilium-objects.yaml.j2", spec=spec, workers=workers, secrets=secrets, pod_pools=pools, mark=MARK,
        namespace=NAMESPACE,
    )  # fmt: skip
    mark, *others = yaml.safe_load_all(text)
    found = [*(_secret(secrets[name], password) for name, password in passwords.items()), *others]
    mark["data"]["objects"] = "".join(f"{Identity.of(one)}\n" for one in (mark, *found))
    return [mark, *found]


def written_at(identity: Identity, places: Mapping[str, str]) -> str:
    """Where the spec asks for an object, with its name.

    Args:
        identity: which object.
        places: where keys are written that are not in group_data.
    """
    if identity.kind == "ConfigMap":
        return str(identity)
    return f"{place(KEYS.get(identity.kind, 'cilium_bgp'), places)}: {identity.name}"


def _secret(name: str, password: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "data": {"password": b64encode(password.encode()).decode()},
    }
