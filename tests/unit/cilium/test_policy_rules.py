"""What Cilium refuses, or never enforces, though its schema takes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubestead.cilium.policy import CCNP, CNP, Policy
from kubestead.cilium.policyfiles import load
from kubestead.cilium.policyrules import findings, needs, unseen_names

ROOT = Path(__file__).parents[3]


def policy(kind: str = CNP, **spec: Any) -> Policy:
    return Policy({"kind": kind, "metadata": {"name": "x"}, "spec": {"endpointSelector": {}, **spec}}, Path("x.yaml"))


def said(one: Policy) -> list[str]:
    return [str(finding) for finding in findings(one)]


HTTP = {"ports": [{"port": "80", "protocol": "TCP"}], "rules": {"http": [{"method": "GET"}]}}


@pytest.mark.parametrize(
    ("part", "entry", "finding"),
    [
        ("ingress", {"fromEndpoints": [{}], "fromCIDR": ["10.0.0.0/8"]},
         "spec.ingress.0.fromCIDR: names 2 kinds of peers, fromEndpoints and fromCIDR, and Cilium takes one in an "
         "entry; give fromCIDR an entry of its own, with its own toPorts"),
        ("egressDeny", {"toEntities": ["world"], "toCIDRSet": [{"cidr": "10.0.0.0/8"}]},
         "spec.egressDeny.0.toEntities: names 2 kinds of peers, toCIDRSet and toEntities, and Cilium takes one in an "
         "entry; give toEntities an entry of its own, with its own toPorts"),
        ("ingress", {"icmps": [{}], "toPorts": [{}]},
         "spec.ingress.0.icmps: stands beside toPorts, and Cilium takes one of them in an entry; give icmps an entry "
         "of its own"),
        ("ingress", {"toPorts": [{"ports": [{"port": "53"}], "rules": {"dns": [{}]}}]},
         "spec.ingress.0.toPorts.0.rules.dns: DNS rules are for questions that leave a pod; write DNS rules under "
         "egress, of the pods that ask"),
        ("egress", {"toPorts": [{"ports": [{"port": "80"}], "rules": {"http": [{}]}}]},
         "spec.egress.0.toPorts.0.ports.0.protocol = 'ANY': layer 7 rules other than DNS are for TCP; write "
         "protocol: TCP"),
    ],
)  # fmt: skip
def test_what_cilium_refuses(part: str, entry: dict[str, Any], finding: str) -> None:
    assert said(policy(**{part: [entry]})) == [f"x.yaml: {finding}"]


def test_only_a_policy_of_the_whole_cluster_selects_nodes() -> None:
    assert len(said(policy(nodeSelector={}))) == 1
    assert said(policy(CCNP, nodeSelector={})) == []


def test_one_kind_of_peer_is_well_and_so_is_an_empty_one_beside_it() -> None:
    assert said(policy(ingress=[{"fromEndpoints": [{}], "fromCIDR": []}, {"fromCIDR": ["10.0.0.0/8"]}, {}])) == []


def test_rules_of_a_list_are_looked_at_too() -> None:
    both = {"ingress": [{"fromEndpoints": [{}], "fromCIDR": ["10.0.0.0/8"]}]}
    one = Policy({"kind": CNP, "metadata": {}, "specs": [{}, both]}, Path("x.yaml"))
    assert said(one)[0].startswith("x.yaml: specs.1.ingress.0.fromCIDR")


def test_what_of_cilium_must_be_on() -> None:
    assert needs(policy(ingress=[{"toPorts": [{"ports": []}]}])) == {}
    assert needs(policy(ingress=[{"toPorts": [HTTP]}])) == {
        "Envoy": ("spec", "ingress", 0, "toPorts", 0, "rules", "http")
    }
    names = {"toFQDNs": [{"matchName": "a.b"}]}
    assert needs(policy(egress=[{}, names])) == {"DNS proxy": ("spec", "egress", 1, "toFQDNs")}


def test_the_labs_own_need_what_their_folders_say() -> None:
    wanted = {
        folder: {what for one in load(ROOT / folder)[0] for what in needs(one)}
        for folder in ("policies", "policies/fqdn", "policies/l7")
    }
    assert wanted == {"policies": set(), "policies/fqdn": {"DNS proxy"}, "policies/l7": {"Envoy"}}


def test_names_nobody_learns_are_told() -> None:
    by_name = policy(egress=[{"toFQDNs": [{"matchName": "a.b"}]}])
    asks = policy(egress=[{"toPorts": [{"ports": [{"port": "53"}], "rules": {"dns": [{"matchPattern": "*"}]}}]}])
    (found,) = unseen_names([by_name])
    assert (found.severity, found.where) == ("warning", "x.yaml: spec.egress.0.toFQDNs")
    assert list(unseen_names([by_name, asks])) == []
    assert list(unseen_names([policy()])) == []


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(["ingress", "egress", "toPorts", "ports", "rules", "dns", "http", "toFQDNs", "protocol"]),
            below,
        )
    ),
    max_leaves=15,
)


@given(ANYTHING)
def test_a_policy_its_schema_has_not_seen_is_no_trouble(anything: Any) -> None:
    one = Policy({"kind": CNP, "metadata": {}, "spec": anything, "specs": anything}, Path("x.yaml"))
    said(one)
    needs(one)
    list(unseen_names([one]))
