"""What the cluster says of policies comes packed; here it is packed as the hosts' own gzip does it."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from kubestead.cilium.hostfirewall import Firewall
from kubestead.cilium.nodeneeds import NodeView, Settings
from kubestead.cilium.policy import CCNP
from kubestead.cilium.policyset import Cluster
from kubestead.facts.policies import DryRun, PolicyCluster, PolicyConditions, PolicyDryRun, packed

KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=20s"
STUB = """
kubectl() {
  case "$*" in
    *customresourcedefinitions*) echo "$CRDS" ;;
    *configmap*) echo "$CONFIG" ;;
    *--selector*) echo "$OWNED" ;;
    *nodes*) echo "$NODES" ;;
    *clusterwide*) echo "$CLUSTERWIDE" ;;
    *namespaces*) printf 'namespace/default\\nnamespace/shop\\n' ;;
    *--dry-run=server*) cat; echo "$WORDS" >&2 ;;
    *--filename=-*) cat > /dev/null; echo "$NAMED" ;;
  esac
}
"""
CRD = {"spec": {"names": {"kind": "CiliumNetworkPolicy"}, "versions": [
    {"name": "v2", "served": True, "schema": {"openAPIV3Schema": {"type": "object"}}}]}}  # fmt: skip
OTHER = {"spec": {"names": {"kind": "CiliumCIDRGroup"}, "versions": [{"name": "v2alpha1", "served": True}]}}


def shell(command: object, **words: Any) -> list[str]:
    environment = {name: value if isinstance(value, str) else json.dumps(value) for name, value in words.items()}
    done = subprocess.run(
        ["sh", "-c", STUB + str(command)], capture_output=True, text=True, check=True,
        env={"PATH": "/usr/bin:/bin", "CRDS": "", "CONFIG": "", "OWNED": "", "NAMED": "", "WORDS": "", "NODES": "",
             "CLUSTERWIDE": "", **environment},
    )  # fmt: skip
    return done.stdout.splitlines()


def test_everything_that_decides_comes_in_one_command() -> None:
    fact = PolicyCluster()
    settings = {"data": {"enable-l7-proxy": "true", "external-envoy-proxy": "false", "enable-host-firewall": "true",
                         "routing-mode": "tunnel", "tunnel-protocol": "geneve"}}  # fmt: skip
    node = {"metadata": {"name": "n1", "labels": {"a": "b"}}, "status": {"addresses": [{"address": "10.9.0.1"}]}}
    closing, other = ({"kind": CCNP, "spec": spec} for spec in ({"nodeSelector": {}}, {"endpointSelector": {}}))
    lines = shell(fact.command(manifest="kind: X\n", set_name="shop"), CRDS={"items": [CRD, OTHER]}, CONFIG=settings,
                  OWNED={"items": [{"kind": "A"}]}, NAMED={"kind": "B"}, NODES={"items": [node]},
                  CLUSTERWIDE={"items": [closing, other]})  # fmt: skip
    assert fact.process(lines) == Cluster(
        schemas={"CiliumNetworkPolicy": {"type": "object"}},
        namespaces=frozenset({"default", "shop"}),
        l7_proxy=True,
        envoy=False,
        owned=({"kind": "A"},),
        named=({"kind": "B"},),
        firewall=Firewall(
            Settings(enabled=True, tunnel=6081),
            (NodeView("n1", {"a": "b"}, frozenset({"10.9.0.1"})),),
            (closing,),
        ),
    )


def test_an_api_that_does_not_answer_knows_nothing() -> None:
    fact = PolicyCluster()
    silent = shell(f"kubectl() {{ return 1; }}; {fact.command(manifest='', set_name='shop')}")
    assert fact.process(silent) == Cluster()
    assert PolicyCluster.default() == Cluster()


def test_the_folders_objects_come_as_they_would_be() -> None:
    fact = PolicyDryRun()
    objects = {"kind": "List", "items": [{"kind": "A"}]}
    lines = shell(fact.command(manifest=json.dumps(objects)), WORDS="Warning: something is old")
    assert fact.process(lines) == DryRun(({"kind": "A"},))


@pytest.mark.parametrize("said", ["error: no such kind", 'The X "a" is invalid: spec: Required value'])
def test_the_api_servers_refusal_comes_in_its_words(said: str) -> None:
    fact = PolicyDryRun()
    assert fact.process(shell(fact.command(manifest=""), WORDS=said)) == DryRun(refused=(said,))


def test_the_commands() -> None:
    text = "kind: it's\n"
    assert str(PolicyDryRun().command(manifest=text)) == (
        f"{{ printf %s {packed(text)} | base64 -d | gunzip | {KUBECTL} apply --server-side --force-conflicts "
        "--field-manager=kubestead --validate=strict --filename=- --dry-run=server --output=json | gzip | base64 -w 0; "
        "echo; } 2>&1"
    )
    assert str(PolicyConditions().command(set_name="shop")) == (
        f"{KUBECTL} get --all-namespaces --output=json --selector kubestead.io/policies=shop "
        "ciliumnetworkpolicies.cilium.io,ciliumclusterwidenetworkpolicies.cilium.io"
    )


def test_conditions_are_the_objects_themselves() -> None:
    assert PolicyConditions().process(['{"items": [{"kind": "A"}]}']) == ({"kind": "A"},)
    assert PolicyConditions().process(["No resources found"]) == ()
