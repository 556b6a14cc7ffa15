"""Labels and selectors as the agents print them."""

from __future__ import annotations

from typing import Any

import pytest

from kubestead.cilium.labels import Label, policy_name, selects

OWN = [Label.parse(text) for text in ("k8s:app=web", "k8s:io.kubernetes.pod.namespace=shop", "reserved:host")]


@pytest.mark.parametrize(
    ("selector", "outcome"),
    [
        ({}, True),
        ({"matchLabels": {"any:app": "web"}}, True),
        ({"matchLabels": {"k8s:app": "web", "k8s:io.kubernetes.pod.namespace": "shop"}}, True),
        ({"matchLabels": {"reserved:host": ""}}, True),
        ({"matchLabels": {"container:app": "web"}}, False),
        ({"matchLabels": {"any:app": "db"}}, False),
        ({"matchExpressions": [{"key": "k8s:app", "operator": "In", "values": ["db", "web"]}]}, True),
        ({"matchExpressions": [{"key": "k8s:app", "operator": "NotIn", "values": ["db"]}]}, True),
        ({"matchExpressions": [{"key": "k8s:tier", "operator": "NotIn", "values": ["db"]}]}, True),
        ({"matchExpressions": [{"key": "k8s:app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "k8s:app", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "k8s:app", "operator": "DoesNotExist"}]}, False),
        ({"matchLabels": {"any:app": "web"}, "matchExpressions": [{"key": "k8s:x", "operator": "Exists"}]}, False),
    ],
)
def test_a_selector(selector: dict[str, Any], outcome: bool) -> None:
    assert selects(selector, OWN) is outcome


def test_a_rule_is_named_by_its_policy() -> None:
    labels = ["derived-from=CiliumNetworkPolicy", "name=a", "namespace=shop", "uid=1"]
    own = [Label.parse(f"k8s:io.cilium.k8s.policy.{text}") for text in labels]
    assert policy_name(own) == "CiliumNetworkPolicy shop/a"
    assert policy_name([one for one in own if not one.key.endswith("namespace")]) == "CiliumNetworkPolicy a"
    assert policy_name([]) == "a rule without a name"


@pytest.mark.parametrize("text", ["k8s:app=web", "reserved:host", "cidr:10.0.0.0/8", "k8s:a=b=c", "k8s:a=x:y"])
def test_a_label_is_read_as_it_is_written(text: str) -> None:
    assert str(Label.parse(text)) == text
