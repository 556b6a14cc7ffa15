"""What policies need of a cluster comes packed; here it is packed as the hosts' own gzip does it."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from kubestead.cilium.hostfirewall import Firewall
from kubestead.cilium.nodeneeds import NodeView, Settings
from kubestead.cilium.policy import CCNP
from kubestead.cilium.policyset import Cluster
from kubestead.facts.policies import PolicyCluster

STUB = """
kubectl() {
  case "$*" in
    *customresourcedefinitions*) echo "$CRDS" ;;
    *configmap*) echo "$CONFIG" ;;
    *nodes*) echo "$NODES" ;;
    *clusterwide*) echo "$CLUSTERWIDE" ;;
    *"exec daemonset/cilium"*) echo "$STARTER" ;;
    *namespaces*) printf 'namespace/default\\nnamespace/shop\\n' ;;
  esac
}
"""
CRD = {"spec": {"names": {"kind": "CiliumNetworkPolicy"}, "versions": [
    {"name": "v2", "served": True, "schema": {"openAPIV3Schema": {"type": "object"}}}]}}  # fmt: skip
OTHER = {"spec": {"names": {"kind": "CiliumCIDRGroup"}, "versions": [{"name": "v2alpha1", "served": True}]}}


def shell(command: str, **words: Any) -> list[str]:
    environment = {name: json.dumps(value) for name, value in words.items()}
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, check=True,
        env={"PATH": "/usr/bin:/bin", **dict.fromkeys(("CRDS", "CONFIG", "STARTER", "NODES", "CLUSTERWIDE"), ""),
             **environment},
    )  # fmt: skip
    return done.stdout.splitlines()


def test_everything_that_decides_comes_in_one_command() -> None:
    fact = PolicyCluster()
    settings = {"data": {"enable-l7-proxy": "true", "external-envoy-proxy": "false", "enable-host-firewall": "true",
                         "routing-mode": "tunnel", "tunnel-protocol": "geneve"}}  # fmt: skip
    node = {"metadata": {"name": "n1", "labels": {"a": "b"}}, "status": {"addresses": [{"address": "10.9.0.1"}]}}
    closing, other = ({"kind": CCNP, "spec": spec} for spec in ({"nodeSelector": {}}, {"endpointSelector": {}}))
    lines = shell(f"{STUB}{fact.command()}", CRDS={"items": [CRD, OTHER]}, CONFIG=settings, NODES={"items": [node]},
                  CLUSTERWIDE={"items": [closing, other]})  # fmt: skip
    assert fact.process(lines) == Cluster(
        schemas={"CiliumNetworkPolicy": {"type": "object"}},
        namespaces=frozenset({"default", "shop"}),
        l7_proxy=True,
        envoy=None,
        firewall=Firewall(
            Settings(enabled=True, tunnel=6081),
            (NodeView("n1", {"a": "b"}, frozenset({"10.9.0.1"})),),
            (closing,),
        ),
    )


@pytest.mark.parametrize(("said", "envoy"), [("/usr/bin/cilium-envoy-starter", True), ("none", False), ("", None)])
def test_envoy_may_be_in_the_agents_image(said: str, envoy: bool | None) -> None:
    fact = PolicyCluster()
    lines = shell(f"{STUB}STARTER='{said}'; {fact.command()}", CONFIG={"data": {"enable-l7-proxy": "true"}})
    assert fact.process(lines).envoy is envoy


def test_an_api_that_does_not_answer_knows_nothing() -> None:
    fact = PolicyCluster()
    assert fact.process(shell(f"kubectl() {{ return 1; }}; {fact.command()}")) == Cluster()
    assert PolicyCluster.default() == Cluster()
