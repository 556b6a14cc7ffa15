"""A folder's policies beside what the cluster has: may they be applied, what changes, what is valid."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubestead.cilium.policy import CCNP, CIDR_GROUP, CNP, NETWORK_POLICY, VERSIONS, Policy
from kubestead.cilium.policyset import (
    LABEL,
    Change,
    Cluster,
    changes,
    check,
    invalid,
    labelled,
    manifest,
    set_name,
    written,
)  # fmt: skip
from kubestead.errors import Finding

SCHEMA = {"type": "object"}
CLUSTER = Cluster(schemas=dict.fromkeys((CNP, CCNP, CIDR_GROUP), SCHEMA), namespaces=frozenset({"shop"}), l7_proxy=True,
                  envoy=True)  # fmt: skip


def policy(name: str = "a", kind: str = CNP, namespace: str = "shop", **spec: Any) -> Policy:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    content = {"apiVersion": VERSIONS[kind], "kind": kind, "metadata": metadata, "spec": spec}
    return Policy(content, Path(f"{name}.yaml"))


def in_cluster(one: Policy, holder: str | None = "shop-rules", **more: Any) -> dict[str, Any]:
    """The object as the API server gives it."""
    own = {"uid": "1", "resourceVersion": "2", "generation": 3, "managedFields": [{"manager": "kubestead"}]}
    found = labelled(one, holder) if holder else dict(one.content)
    return {**found, "metadata": {**found["metadata"], **own}, **more}


def said(cluster: Cluster, *policies: Policy) -> list[str]:
    return [str(finding) for finding in check(policies, cluster, "shop-rules")]


def test_a_folder_names_its_set(tmp_path: Path) -> None:
    folder = tmp_path / "shop-rules"
    assert set_name(folder) == "shop-rules"
    assert set_name(folder / "sub" / "..") == "shop-rules"
    refused = set_name(tmp_path / "my rules")
    assert isinstance(refused, Finding)
    assert refused.value == "my rules"


def test_what_may_be_applied() -> None:
    assert said(CLUSTER, policy(), policy(kind=CCNP, namespace=""), policy(kind=NETWORK_POLICY)) == []


def test_a_cluster_that_does_not_know_cilium() -> None:
    assert said(Cluster(), policy()) == [
        "the cluster: does not know CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy, CiliumCIDRGroup, or its API "
        "does not answer; see whether Cilium and its operator run: kubectl get crd; kubestead status"
    ]


def test_a_namespace_that_is_not_there() -> None:
    assert said(CLUSTER, policy(namespace="shp")) == [
        "a.yaml: metadata.namespace = 'shp': there is no such namespace; create it: kubectl create namespace shp"
    ]


@pytest.mark.parametrize(
    ("holder", "whose"),
    [(None, "is in the cluster and was not applied from a folder"), ("others", "belongs to the set others")],
)
def test_what_is_somebody_elses_is_left_alone(holder: str | None, whose: str) -> None:
    cluster = replace(CLUSTER, named=(in_cluster(policy(), holder),))
    assert said(cluster, policy()) == [
        f"a.yaml: metadata.name: CiliumNetworkPolicy shop/a {whose}; rename it, or hand it over: kubectl label "
        f"--namespace shop --overwrite ciliumnetworkpolicy a {LABEL}=shop-rules"
    ]
    assert said(replace(CLUSTER, named=(in_cluster(policy()),)), policy()) == []


def test_what_needs_a_part_of_cilium_that_is_off() -> None:
    names = policy(egress=[{"toFQDNs": [{"matchName": "a.b"}]}])
    http = policy(ingress=[{"toPorts": [{"ports": [{"port": "1", "protocol": "TCP"}], "rules": {"http": [{}]}}]}])
    off = replace(CLUSTER, l7_proxy=False, envoy=False)
    assert said(off, names) == [
        "a.yaml: spec.egress.0.toFQDNs: needs Cilium's DNS proxy, which is off, and would not be enforced; write "
        "cilium_l7_proxy = True in group_data/all.py, or keep it in a folder of its own until then"
    ]
    assert "write cilium_l7_proxy = True and cilium_envoy = True in group_data/all.py" in said(off, http)[0]
    (warning,) = check([http], replace(CLUSTER, envoy=False), "shop-rules")
    assert warning.severity == "warning"
    assert "not, where their image has none" in warning.reason
    assert said(CLUSTER, names, http) == []


def test_what_a_schema_refuses_is_said_once() -> None:
    schemas = {**CLUSTER.schemas, CNP: {"type": "object", "properties": {"spec": {"type": "array"}}}}
    both = policy(ingress=[{"fromEndpoints": [{}], "fromCIDR": ["10.0.0.0/8"]}])
    assert len(said(replace(CLUSTER, schemas=schemas), both)) == 1


def test_objects_carry_their_sets_label() -> None:
    one = policy()
    one.content["metadata"]["labels"] = {"tier": "x"}
    assert labelled(one, "s")["metadata"]["labels"] == {"tier": "x", LABEL: "s"}
    assert one.content["metadata"]["labels"] == {"tier": "x"}
    assert list(yaml.safe_load_all(manifest([labelled(one, "s")]))) == [labelled(one, "s")]


def test_only_what_differs_is_changed_and_only_what_is_ours_removed() -> None:
    same, new, edited, old = policy("same"), policy("new"), policy("edited", ingress=[{}]), policy("old")
    before = policy("edited", ingress=[])
    cluster = replace(
        CLUSTER,
        named=(in_cluster(same, status={"conditions": []}), in_cluster(before)),
        owned=(in_cluster(same), in_cluster(before), in_cluster(old)),
    )
    applied = [in_cluster(one) for one in (same, new, edited)]
    found = changes([same, new, edited], cluster, applied)
    assert found == [
        Change(new.key, None, applied[1]),
        Change(edited.key, in_cluster(before), applied[2]),
        Change(old.key, in_cluster(old), None),
    ]
    assert str(found[2]) == "CiliumNetworkPolicy shop/old"


def test_nothing_of_what_the_server_writes_makes_a_difference() -> None:
    assert written(in_cluster(policy(), status={"x": 1})) == {"metadata": {"labels": {LABEL: "shop-rules"}}, "spec": {}}


def test_what_cilium_says_of_its_policies() -> None:
    def judged(name: str, status: str, message: str = "") -> dict[str, Any]:
        conditions = [{"type": "Valid", "status": status, "message": message}]
        return in_cluster(policy(name), status={"conditions": conditions})

    items = [
        judged("good", "True"), judged("bad", "False", "combining ToCIDR\nis not supported"),
        in_cluster(policy("new")), in_cluster(policy("plain", NETWORK_POLICY)),
    ]  # fmt: skip
    assert invalid(items) == (
        ["CiliumNetworkPolicy shop/bad: combining ToCIDR is not supported"], ["CiliumNetworkPolicy shop/new"]
    )  # fmt: skip
