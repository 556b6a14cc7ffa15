"""A folder's policies beside what the cluster has: may they be applied, what changes, what is valid."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from kubestead.cilium.policy import CCNP, CIDR_GROUP, CNP, NETWORK_POLICY, VERSIONS, Policy
from kubestead.cilium.policyset import OWNER, Cluster, check, invalid, set_name
from kubestead.errors import Finding
from kubestead.manifests import labelled

SCHEMA = {"type": "object"}
CLUSTER = Cluster(schemas=dict.fromkeys((CNP, CCNP, CIDR_GROUP), SCHEMA), namespaces=frozenset({"shop"}), l7_proxy=True,
                  envoy=True)  # fmt: skip


def policy(name: str = "a", kind: str = CNP, namespace: str = "shop", **spec: Any) -> Policy:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    content = {"apiVersion": VERSIONS[kind], "kind": kind, "metadata": metadata, "spec": spec}
    return Policy(content, Path(f"{name}.yaml"))


def said(cluster: Cluster, *policies: Policy) -> list[str]:
    return [str(finding) for finding in check(policies, cluster)]


def test_a_folder_names_its_set(tmp_path: Path) -> None:
    folder = tmp_path / "shop-rules"
    assert set_name(folder) == "shop-rules"
    assert set_name(folder / "sub" / "..") == "shop-rules"
    refused = set_name(tmp_path / "my rules")
    assert isinstance(refused, Finding)
    assert refused.value == "my rules"


def test_a_sets_name_fits_into_a_labels_value(tmp_path: Path) -> None:
    longest = "a" * (63 - len(OWNER))
    assert set_name(tmp_path / longest) == longest
    assert isinstance(set_name(tmp_path / f"{longest}a"), Finding)


def test_objects_carry_their_sets_label_and_the_file_is_left() -> None:
    one = policy()
    one.content["metadata"]["labels"] = {"tier": "x"}
    made = labelled(one.content, f"{OWNER}shop")
    assert made["metadata"]["labels"] == {"tier": "x", "kubestead.dev/owner": "policies.shop"}
    assert one.content["metadata"]["labels"] == {"tier": "x"}


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


def test_what_needs_a_part_of_cilium_that_is_off() -> None:
    names = policy(egress=[{"toFQDNs": [{"matchName": "a.b"}]}])
    http = policy(ingress=[{"toPorts": [{"ports": [{"port": "1", "protocol": "TCP"}], "rules": {"http": [{}]}}]}])
    off = replace(CLUSTER, l7_proxy=False, envoy=False)
    assert said(off, names) == [
        "a.yaml: spec.egress.0.toFQDNs: needs Cilium's DNS proxy, which is off, and would not be enforced; write "
        "cilium_l7_proxy = True in group_data/all.py, or keep it in a folder of its own until then"
    ]
    assert "write cilium_l7_proxy = True and cilium_envoy = True in group_data/all.py" in said(off, http)[0]
    (none,) = check([http], replace(CLUSTER, envoy=False))
    assert none.severity == "error"
    assert "there is none, nor is one in the agents' image; without it the pod stays as open as it was" in none.reason
    (unknown,) = check([http], replace(CLUSTER, envoy=None))
    assert unknown.severity == "warning"
    assert "which the agents start here" in unknown.reason
    assert said(CLUSTER, names, http) == []


def test_what_a_schema_refuses_is_said_once() -> None:
    schemas = {**CLUSTER.schemas, CNP: {"type": "object", "properties": {"spec": {"type": "array"}}}}
    both = policy(ingress=[{"fromEndpoints": [{}], "fromCIDR": ["10.0.0.0/8"]}])
    assert len(said(replace(CLUSTER, schemas=schemas), both)) == 1


def test_what_cilium_says_of_its_policies() -> None:
    def judged(name: str, status: str, message: str = "") -> dict[str, Any]:
        conditions = [{"type": "Valid", "status": status, "message": message}]
        return {**policy(name).content, "status": {"conditions": conditions}}

    items = [
        judged("good", "True"), judged("bad", "False", "combining ToCIDR\nis not supported"),
        policy("new").content, policy("plain", NETWORK_POLICY).content,
    ]  # fmt: skip
    assert invalid(items) == (
        ["CiliumNetworkPolicy shop/bad: combining ToCIDR is not supported"], ["CiliumNetworkPolicy shop/new"]
    )  # fmt: skip
