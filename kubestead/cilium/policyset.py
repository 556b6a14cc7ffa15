"""A folder's policies beside what the cluster has: may they be applied, and what changes then. Pure.

Every object that is applied carries the label :data:`LABEL` with the name of its set, which is the folder's name. Only
what carries a set's label is ever removed by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from kubestead.cilium.crdschema import Schema, violations
from kubestead.cilium.hostfirewall import Firewall
from kubestead.cilium.policy import CILIUM, JUDGED, NAMESPACED, VERSIONS, Key, Object, Policy, key_of, told
from kubestead.cilium.policyrules import ENVOY, PROXY, findings, needs
from kubestead.errors import Finding
from kubestead.yamlfile import line_of

LABEL = "kubestead.io/policies"
# A label's value.
_SET = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
# Of an object, what a person writes; the rest is the API server's and Cilium's.
_METADATA = ("labels", "annotations")


@dataclass(frozen=True)
class Cluster:
    """What of the cluster decides whether policies may be applied.

    Args:
        schemas: Cilium's kinds with their schema, as the API server has it; empty where it does not answer.
        namespaces: those there are.
        l7_proxy, envoy: whether the agents' proxy is on, and Envoy on every node beside them.
        owned: the objects with this set's label.
        named: those that have the names of the folder's, whoever's they are.
        firewall: what policies that select nodes are compared with.
    """

    schemas: Mapping[str, Schema] = field(default_factory=dict)
    namespaces: frozenset[str] = frozenset()
    l7_proxy: bool = False
    envoy: bool = False
    owned: tuple[Object, ...] = ()
    named: tuple[Object, ...] = ()
    firewall: Firewall = field(default_factory=Firewall)


@dataclass(frozen=True)
class Change:
    """An object that is to be applied or, without ``after``, removed; without ``before`` it is new."""

    key: Key
    before: Object | None = None
    after: Object | None = None

    def __str__(self) -> str:
        return told(self.key)


def set_name(folder: Path) -> str | Finding:
    """The name of a folder's set, or why it cannot be one."""
    name = folder.resolve().name
    if _SET.fullmatch(name):
        return name
    reason = "is the folder's name, which the policies carry as a label's value, and it is none"
    return Finding(str(folder), reason, "rename the folder: letters, digits, '-', '_', '.', 63 at most", value=name)


def check(policies: Sequence[Policy], cluster: Cluster, name: str) -> Iterator[Finding]:
    """Why these policies may not be applied to this cluster; everything at once."""
    missing = [kind for kind, version in VERSIONS.items() if version == CILIUM and kind not in cluster.schemas]
    if missing:
        fix = "see whether Cilium and its operator run: kubectl get crd; kubestead status"
        yield Finding("the cluster", f"does not know {', '.join(missing)}, or its API does not answer", fix)
        return
    present = {key_of(one): one for one in cluster.named}
    for policy in policies:
        refused = [*schema_findings(policy, cluster.schemas)] or [*findings(policy)]
        yield from refused or _in_the_way(policy, cluster, present.get(policy.key), name)


def schema_findings(policy: Policy, schemas: Mapping[str, Schema]) -> Iterator[Finding]:
    """What the schema of its kind refuses; nothing for a kind of Kubernetes' own, which has none here."""
    if schema := schemas.get(policy.kind):
        found = violations(policy.content, schema)
        for one in sorted(found, key=lambda one: line_of(policy.node, one.location) or 0):
            yield Finding(policy.place(*one.location), one.reason, one.fix, value=one.value)


def _in_the_way(policy: Policy, cluster: Cluster, present: Object | None, name: str) -> Iterator[Finding]:
    namespace = policy.key[1]
    if policy.kind in NAMESPACED and namespace not in cluster.namespaces:
        fix = f"create it: kubectl create namespace {namespace}"
        yield Finding(policy.place("metadata", "namespace"), "there is no such namespace", fix, value=namespace)
    if present is not None and (holder := set_of(present)) != name:
        whose = f"belongs to the set {holder}" if holder else "is in the cluster and was not applied from a folder"
        namespaced = f" --namespace {namespace}" if namespace else ""
        hand_over = f"kubectl label{namespaced} --overwrite {policy.kind.lower()} {policy.key[2]} {LABEL}={name}"
        yield Finding(policy.place("metadata", "name"), f"{policy} {whose}", f"rename it, or hand it over: {hand_over}")
    for what, place in needs(policy).items():
        yield from _unmet(policy, what, place, cluster)


def _unmet(policy: Policy, what: str, place: tuple[int | str, ...], cluster: Cluster) -> Iterator[Finding]:
    where = policy.place(*place)
    if not cluster.l7_proxy:
        also = "" if what == PROXY else " and cilium_envoy = True"
        fix = f"write cilium_l7_proxy = True{also} in group_data/all.py, or keep it in a folder of its own until then"
        yield Finding(where, f"needs Cilium's {what}, which is off, and would not be enforced", fix)
    elif what == ENVOY and not cluster.envoy:
        reason = "is enforced by Envoy, which runs inside the agents here: not, where their image has none"
        yield Finding(where, reason, "write cilium_envoy = True, or see that the image has it", severity="warning")


def set_of(item: Object) -> str | None:
    """The set an object belongs to; None where it was not applied from a folder."""
    return ((item.get("metadata") or {}).get("labels") or {}).get(LABEL)


def labelled(policy: Policy, name: str) -> dict[str, Any]:
    """The object as it is applied."""
    metadata = policy.content["metadata"]
    return {**policy.content, "metadata": {**metadata, "labels": {**(metadata.get("labels") or {}), LABEL: name}}}


def manifest(objects: Iterable[Object]) -> str:
    """Objects as YAML."""
    return yaml.safe_dump_all(objects, sort_keys=False)


def changes(policies: Sequence[Policy], cluster: Cluster, applied: Sequence[Object]) -> list[Change]:
    """What differs, in the files' order, and last what is no longer written anywhere.

    Args:
        policies: those of the folder.
        cluster: what there is.
        applied: the folder's objects as the API server says they would be.
    """
    present = {key_of(one): one for one in cluster.named}
    wanted = {key_of(one): one for one in applied}
    differing = [
        Change(policy.key, present.get(policy.key), wanted[policy.key])
        for policy in policies
        if policy.key not in present or written(present[policy.key]) != written(wanted[policy.key])
    ]
    kept = {policy.key for policy in policies}
    return [*differing, *(Change(key_of(one), before=one) for one in cluster.owned if key_of(one) not in kept)]


def written(item: Object) -> dict[str, Any]:
    """The part of an object that people write."""
    metadata = item.get("metadata") or {}
    kept = {key: metadata[key] for key in _METADATA if metadata.get(key)}
    rest = {key: value for key, value in item.items() if key not in ("apiVersion", "kind", "metadata", "status")}
    return {**({"metadata": kept} if kept else {}), **rest}


def invalid(items: Iterable[Object]) -> tuple[list[str], list[str]]:
    """Of Cilium's policies: those it refuses, each with its words, and those it has said nothing about."""
    refused, silent = [], []
    for item in items:
        if item.get("kind") not in JUDGED:
            continue
        conditions = {one.get("type"): one for one in (item.get("status") or {}).get("conditions") or ()}
        valid = conditions.get("Valid")
        if valid is None:
            silent.append(told(key_of(item)))
        elif valid.get("status") != "True":
            refused.append(f"{told(key_of(item))}: {' '.join(str(valid.get('message')).split())}")
    return refused, silent
