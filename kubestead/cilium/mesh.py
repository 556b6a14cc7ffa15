"""What is made of the cards of a mesh's clusters: a comparison with the spec, and Secrets of Cilium's. Pure."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import yaml

from kubestead.cilium.meshcard import AGAIN, Card, Terms, terms_of
from kubestead.errors import Finding
from kubestead.netplan import check_address_plan

if TYPE_CHECKING:
    from kubestead.spec import ClusterSpec
    from kubestead.spec.ciliummesh import MeshCluster

OWNER = "mesh"
KINDS = {"Secret": "secrets"}
NAMESPACE = "kube-system"
_MOUNTED = "/var/lib/cilium/clustermesh"
_OWN = f"https://clustermesh-apiserver.{NAMESPACE}.svc:2379"


def differences(spec: ClusterSpec, other: MeshCluster, its: Card, where: str) -> Iterator[Finding]:
    """Where another cluster is not what ``cilium_mesh`` says of it, or does not go together with this one.

    Args:
        spec: this cluster.
        other: its entry.
        its: its card.
        where: the place of the entry.
    """
    ports = {address.rpartition(":")[2] for address in its.addresses}
    outside = [str(one) for one in its.pod_cidrs if not any(one.subnet_of(cidr) for cidr in other.pod_cidrs)]
    said = (
        ("name", other.name, its.name, its.name == other.name),
        ("id", other.id, its.id, its.id == other.id),
        ("port", other.port, ", ".join(sorted(ports)), ports == {str(other.port)}),
        ("pod_cidrs", ", ".join(map(str, other.pod_cidrs)), ", ".join(outside), not outside),
    )
    for key, written, is_now, right in said:
        if not right:
            reason = f"its card says {is_now}"
            yield Finding(f"{where}.{key}", reason, f"write that here, or {AGAIN}", value=written)
    own = terms_of(spec)
    for key in Terms.model_fields:
        here, there = getattr(own, key), getattr(its.terms, key)
        if here != there:
            reason = f"is {here} here and {there} there, and a mesh needs the same in all clusters"
            yield Finding(f"{where}: {key}", reason, f"have the same in both, then {AGAIN}")


def meetings(spec: ClusterSpec) -> Iterator[Finding]:
    """Networks of this cluster that another's are in the way of, also where this one runs and so keeps them."""
    alone = check_address_plan(spec, {}, {})
    together = check_address_plan(spec, {}, {}, others=spec.other_clusters)
    fix = "in a mesh each has its own; a cluster that runs keeps its networks, so build one of them anew with others"
    yield from (replace(found, fix=fix) for found in together if found not in alone)


def secrets(cards: Iterable[Card]) -> list[dict[str, Any]]:
    """The Secrets by which this cluster's kvstoremesh knows the others, and its agents that kvstoremesh.

    They are what the chart makes of ``clustermesh.config``, for certificates by cluster.
    """
    others = list(cards)
    if not others:
        return []
    agents = {one.name: _etcd([_OWN], "local-") for one in others}
    mesh: dict[str, str] = {}
    for one in others:
        mesh[one.name] = _etcd(one.addresses, f"{one.name}.")
        mesh[f"{one.name}.etcd-client-ca.crt"] = one.authority
        mesh[f"{one.name}.etcd-client.crt"] = one.certificate
        mesh[f"{one.name}.etcd-client.key"] = one.key
    return [_secret("cilium-kvstoremesh", mesh), _secret("cilium-clustermesh", agents)]


def _etcd(endpoints: Iterable[str], files: str) -> str:
    return yaml.safe_dump(
        {
            "endpoints": list(endpoints),
            "trusted-ca-file": f"{_MOUNTED}/{files}etcd-client-ca.crt",
            "key-file": f"{_MOUNTED}/{files}etcd-client.key",
            "cert-file": f"{_MOUNTED}/{files}etcd-client.crt",
        }
    )


def _secret(name: str, data: dict[str, str]) -> dict[str, Any]:
    encoded = {key: b64encode(text.encode()).decode() for key, text in data.items()}
    return {
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": NAMESPACE}, "data": encoded,
    }  # fmt: skip
