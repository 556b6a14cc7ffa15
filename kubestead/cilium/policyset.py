"""A folder's policies beside what the cluster has: may they be applied, and what does Cilium say of them. Pure.

A folder is a set, called as the folder: its objects' owner is ``policies.SET`` (:mod:`kubestead.objectset`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kubestead.cilium.crdschema import Schema, violations
from kubestead.cilium.hostfirewall import Firewall
from kubestead.cilium.policy import CILIUM, JUDGED, NAMESPACED, VERSIONS, Object, Policy
from kubestead.cilium.policyrules import ENVOY, OPEN, PROXY, WITH_ENVOY, findings, needs
from kubestead.errors import Finding
from kubestead.manifests import Identity
from kubestead.yamlfile import line_of

OWNER = "policies."
# With that before it, a label's value, which has 63 characters.
_SET = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,52}[A-Za-z0-9])?")


@dataclass(frozen=True)
class Cluster:
    """What of the cluster decides whether policies may be applied.

    Args:
        schemas: Cilium's kinds with their schema, as the API server has it; empty where it does not answer.
        namespaces: those there are.
        l7_proxy: whether the agents' proxy is on.
        envoy: whether Envoy is on every node, beside the agents or in their image; None where that is not known.
        firewall: what policies that select nodes are compared with.
    """

    schemas: Mapping[str, Schema] = field(default_factory=dict)
    namespaces: frozenset[str] = frozenset()
    l7_proxy: bool = False
    envoy: bool | None = None
    firewall: Firewall = field(default_factory=Firewall)


def set_name(folder: Path) -> str | Finding:
    """The name of a folder's set, or why it cannot be one."""
    name = folder.resolve().name
    if _SET.fullmatch(name):
        return name
    reason = "is the folder's name, which the policies carry in a label's value, and it cannot be in one"
    return Finding(str(folder), reason, "rename the folder: letters, digits, '-', '_', '.', 54 at most", value=name)


def check(policies: Sequence[Policy], cluster: Cluster) -> Iterator[Finding]:
    """Why these policies may not be applied to this cluster; everything at once."""
    missing = [kind for kind, version in VERSIONS.items() if version == CILIUM and kind not in cluster.schemas]
    if missing:
        fix = "see whether Cilium and its operator run: kubectl get crd; kubestead status"
        yield Finding("the cluster", f"does not know {', '.join(missing)}, or its API does not answer", fix)
        return
    for policy in policies:
        yield from [*schema_findings(policy, cluster.schemas)] or [*findings(policy)] or _in_vain(policy, cluster)


def schema_findings(policy: Policy, schemas: Mapping[str, Schema]) -> Iterator[Finding]:
    """What the schema of its kind refuses; nothing for a kind of Kubernetes' own, which has none here."""
    if schema := schemas.get(policy.kind):
        found = violations(policy.content, schema)
        for one in sorted(found, key=lambda one: line_of(policy.node, one.location) or 0):
            yield Finding(policy.place(*one.location), one.reason, one.fix, value=one.value)


def _in_vain(policy: Policy, cluster: Cluster) -> Iterator[Finding]:
    namespace = policy.identity.namespace
    if policy.kind in NAMESPACED and namespace not in cluster.namespaces:
        fix = f"create it: kubectl create namespace {namespace}"
        yield Finding(policy.place("metadata", "namespace"), "there is no such namespace", fix, value=namespace)
    for what, place in needs(policy).items():
        yield from _unmet(policy, what, place, cluster)


def _unmet(policy: Policy, what: str, place: tuple[int | str, ...], cluster: Cluster) -> Iterator[Finding]:
    where = policy.place(*place)
    if not cluster.l7_proxy:
        also = "" if what == PROXY else " and cilium_envoy = True"
        fix = f"write cilium_l7_proxy = True{also} in group_data/all.py, or keep it in a folder of its own until then"
        yield Finding(where, f"needs Cilium's {what}, which is off, and would not be enforced", fix)
    elif what == ENVOY and cluster.envoy is None:
        yield Finding(
            where, f"is enforced by Envoy, which the agents start here; {OPEN}", WITH_ENVOY, severity="warning"
        )
    elif what == ENVOY and not cluster.envoy:
        fix = f"{WITH_ENVOY}; keep it in a folder of its own until then"
        yield Finding(where, f"is enforced by Envoy, and there is none, nor is one in the agents' image; {OPEN}", fix)


def invalid(items: Iterable[Object]) -> tuple[list[str], list[str]]:
    """Of Cilium's policies: those it refuses, each with its words, and those it has said nothing about."""
    refused, silent = [], []
    for item in items:
        if item.get("kind") not in JUDGED:
            continue
        conditions = {one.get("type"): one for one in (item.get("status") or {}).get("conditions") or ()}
        valid = conditions.get("Valid")
        if valid is None:
            silent.append(str(Identity.of(item)))
        elif valid.get("status") != "True":
            refused.append(f"{Identity.of(item)}: {' '.join(str(valid.get('message')).split())}")
    return refused, silent
