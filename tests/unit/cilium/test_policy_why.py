"""Why a connection is allowed or denied, on what the agents of a real cluster said while its traffic was seen.

``recorded.json`` was taken on the twin with the policies of ``policies/`` in force: the pods' agents' answers, and for
each row of ``policies/expected.yaml`` what came through.
"""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kubestead.cilium.agentpolicy import Answers, Peer
from kubestead.cilium.labels import Label
from kubestead.cilium.policywhy import ALLOWED, DENIED, PROXIED, Connection, Side, explain

RECORDED = json.loads(Path(__file__).with_name("recorded.json").read_text())
ROWS = {f"{row['from'][0]} to {row['to'][0]} {row['port']}/{row['protocol']}": row for row in RECORDED["rows"]}


def answers(pod: str) -> Answers:
    found = copy.deepcopy(RECORDED["pods"][pod])
    return Answers(found["endpoint"], found["policy_map"], **RECORDED["agents"][found["agent"]])


def peer(end: tuple[str, int]) -> Peer:
    name, identity = end
    return Peer(name, identity, tuple(map(Label.parse, RECORDED["identities"][str(identity)])))


def explained(row: dict[str, Any]) -> Connection:
    ends = peer(row["from"]), peer(row["to"])
    sides = tuple(
        explain(direction, own.name, answers(own.name), other, row["protocol"], row["port"])
        for direction, own, other in (("egress", *ends), ("ingress", *reversed(ends)))
        if own.name in RECORDED["pods"]
    )
    return Connection(*ends, row["protocol"], row["port"], sides)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_the_answer_is_what_the_traffic_was(row: dict[str, Any]) -> None:
    found = explained(row)
    assert found.verdict == row["traffic"]
    assert json.loads(json.dumps(found.to_data()["sides"])) == row["sides"]


def test_the_table_has_both() -> None:
    assert {row["traffic"] for row in ROWS.values()} == {ALLOWED, DENIED}


def why(direction: str, pod: str, other: str, port: int, protocol: str = "tcp", **changes: Any) -> Side:
    """Of a recorded pod, with changes to what its agent said."""
    found = replace(answers(pod), **changes)
    identity = RECORDED["pods"][other]["endpoint"]["status"]["identity"]["id"]
    return explain(direction, pod, found, Peer(other, identity), protocol, port)


def entry(**values: Any) -> dict[str, Any]:
    """An entry of a policy map: what comes from anybody to any port."""
    key = {"Prefixlen": 40, "Identity": 0, "TrafficDirection": 0, "Nexthdr": 0, "DestPortNetwork": 0}
    return {"Key": key, "Flags": 0, "ProxyPortNetwork": 0, "ProxyPortPriority": 0, **values}


def layer4(direction: str, *filters: dict[str, Any], enforced: str = "both") -> dict[str, Any]:
    """An endpoint with a layer 4 policy."""
    own = copy.deepcopy(RECORDED["pods"]["shop/frontend"]["endpoint"])
    parts = [{"rule": json.dumps(one), "derived-from-rules": [["k8s:io.cilium.k8s.policy.name=x"]]} for one in filters]
    own["status"]["policy"]["realized"] = {"policy-enabled": enforced, "l4": {direction: parts}}
    return own


ANYBODY = {
    "selector": "anybody",
    "identities": [RECORDED["pods"]["shop/backend"]["endpoint"]["status"]["identity"]["id"]],
}


def to_frontend(*filters: dict[str, Any], enforced: str = "both", **values: Any) -> Side:
    """From the backend to the frontend, with a map of one entry and a policy of these filters."""
    changes = {"endpoint": layer4("ingress", *filters, enforced=enforced), "policy_map": [entry(**values)]}
    return why("ingress", "shop/frontend", "shop/backend", 8080, selectors=[ANYBODY], **changes)


def test_what_goes_to_a_proxy_is_told_with_the_rules_it_decides_by() -> None:
    rules = {"http": [{"method": "GET", "path": "/products"}, {"headers": ["X-A: b"]}], "dns": [{"matchPattern": "*"}]}
    side = to_frontend({"port": 8080, "protocol": "TCP", "l7-rules": [{"anybody": rules}]}, ProxyPortNetwork=1)
    assert (side.verdict, side.by) == (PROXIED, ("policy x",))
    assert side.notes == (
        "it decides request by request, by: DNS *; HTTP GET /products; HTTP any method any path with X-A: b",
    )


def test_a_proxied_end_makes_a_proxied_connection_and_a_denying_one_a_denied_one() -> None:
    ends = Peer("a", 1), Peer("b", 2)
    sides = {word: Side("egress", "a", word, "") for word in (ALLOWED, PROXIED, DENIED)}
    assert Connection(*ends, "tcp", 1, (sides[ALLOWED],)).verdict == ALLOWED
    assert Connection(*ends, "tcp", 1, (sides[ALLOWED], sides[PROXIED])).verdict == PROXIED
    assert Connection(*ends, "tcp", 1, (sides[PROXIED], sides[DENIED])).verdict == DENIED


def test_in_audit_mode_nothing_is_denied() -> None:
    side = to_frontend({"port": 8080, "protocol": "TCP", "l7-rules": [{"anybody": {"IsDeny": True}}]},
                       enforced="audit-both", Flags=1)  # fmt: skip
    assert (side.verdict, side.by) == (ALLOWED, ("policy x",))
    assert side.notes == ("audit mode is on: it is let through all the same, and recorded",)


@pytest.mark.parametrize(
    ("filters", "named"),
    [
        ({"port": 0, "protocol": "ANY"}, True),
        ({"port": 8080, "protocol": "TCP"}, True),
        ({"port": 8080, "protocol": "UDP"}, False),
        ({"port": 8000, "endPort": 8090, "protocol": "TCP"}, True),
        ({"port": 8000, "endPort": 8079, "protocol": "TCP"}, False),
        ({"port": 0, "port-name": "web", "protocol": "TCP"}, True),
        ({"port": 0, "port-name": "other", "protocol": "TCP"}, False),
    ],
)
def test_only_what_is_about_the_port_is_named(filters: dict[str, Any], named: bool) -> None:
    endpoint = layer4("ingress", {**filters, "l7-rules": [{"anybody": None}]})
    endpoint["status"]["named-ports"] = [{"name": "web", "port": 8080}, {"name": "other", "port": 81}]
    side = why("ingress", "shop/frontend", "shop/backend", 8080, selectors=[ANYBODY], endpoint=endpoint,
               policy_map=[entry()])  # fmt: skip
    assert side.by == (("policy x",) if named else ())


def test_words_where_no_rule_decides() -> None:
    assert to_frontend(enforced="none").reason == "no policy selects the pod for ingress"
    assert to_frontend(enforced="egress").reason == "no policy selects the pod for ingress"
    assert to_frontend(enforced="both").reason.startswith("no rule is about it; the agent lets it through")


def test_all_of_it_in_words() -> None:
    row = ROWS["shop/suspect to shop/backend 8080/tcp"]
    assert explained(row).lines() == [
        "shop/suspect -> shop/backend 8080/TCP: denied",
        "egress of shop/suspect: denied",
        "  a rule denies it: CiliumClusterwideNetworkPolicy shop-quarantine",
        "  deny wins over what would allow it: CiliumNetworkPolicy shop/frontend-to-backend",
        "ingress of shop/backend: allowed",
        "  a rule allows it: CiliumNetworkPolicy shop/backend-from-frontend",
        f"shop/suspect is identity {row['from'][1]}: app=frontend, io.kubernetes.pod.namespace=shop, quarantine=true",
        f"shop/backend is identity {row['to'][1]}: app=backend, io.kubernetes.pod.namespace=shop",
    ]
