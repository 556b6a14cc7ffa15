"""An object against its CRD's schema: here one of our own that has every form Cilium's have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kubestead.cilium.crdfiles import cached, read
from kubestead.cilium.crdschema import schema_of, violations
from kubestead.cilium.policyfiles import load
from kubestead.cilium.policyset import schema_findings
from kubestead.errors import KubesteadError
from kubestead.spec import ClusterSpec

ROOT = Path(__file__).parents[3]
CRD = yaml.safe_load("""
spec:
  names: {kind: Gate}
  versions:
  - name: v1
    served: true
    schema: {openAPIV3Schema: {type: object, properties: {other: {type: string}}}}
  - name: v2
    served: true
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          kind: {type: string}
          metadata: {type: object}
          spec:
            type: object
            anyOf:
            - {required: [ingress], properties: {ingress: {}}}
            - {required: [egress], properties: {egress: {}}}
            oneOf:
            - {required: [endpointSelector], properties: {endpointSelector: {}}}
            - {required: [nodeSelector], properties: {nodeSelector: {}}}
            properties:
              endpointSelector:
                type: object
                properties: {matchLabels: {type: object, additionalProperties: {type: string}}}
              nodeSelector: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {a: {type: string}}}
              description: {type: string, nullable: true}
              egress: {type: array, items: {type: object}}
              ingress:
                type: array
                items:
                  type: object
                  properties:
                    fromCIDR: {type: array, items: {type: string, format: cidr}}
                    fromEntities: {type: array, items: {type: string, enum: [all, world, cluster]}}
                    log: {type: string, pattern: '^\\PC*$'}
                    toPorts:
                      type: array
                      maxItems: 2
                      items:
                        type: object
                        required: [port]
                        properties:
                          port:
                            description: "Port can be a number, or a name. More of it here."
                            type: string
                            pattern: ^([0-9]+|[a-z]+)$
                          endPort: {type: integer, maximum: 65535}
                          any: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
""")
SCHEMA = schema_of(CRD, "v2")


def gate(**spec: Any) -> dict[str, Any]:
    return {"kind": "Gate", "metadata": {"name": "x", "anything": 1}, "spec": {"endpointSelector": {}, **spec}}


def said(content: dict[str, Any]) -> list[str]:
    assert SCHEMA
    return [f"{'.'.join(map(str, one.location))} = {one.value!r}: {one.reason}; {one.fix}"
            for one in violations(content, SCHEMA)]  # fmt: skip


def test_what_fits_is_taken() -> None:
    ports = [{"port": "80", "endPort": 90, "any": "x"}, {"port": "http", "any": 5}]
    entry = {"fromCIDR": ["10.0.0.0/8", "fd00::/8"], "fromEntities": ["world"], "toPorts": ports, "log": "x"}
    assert said(gate(ingress=[entry, {}], description=None)) == []
    free = {"nodeSelector": {"whatever": 1}, "egress": [{}]}
    assert said({"kind": "Gate", "spec": free}) == []


@pytest.mark.parametrize(
    ("spec", "finding"),
    [
        ({"ingress": [{"toPort": []}]}, "spec.ingress.0.toPort = None: no such field; did you mean toPorts?"),
        ({"ingress": [{"xyz": 1}]},
         "spec.ingress.0.xyz = None: no such field; remove it; what there is here: fromCIDR, fromEntities, log, "
         "toPorts"),
        ({"ingress": [{"toPorts": [{"port": 8080}]}]},
         'spec.ingress.0.toPorts.0.port = 8080: must be text, in quotes; write "8080"'),
        ({"ingress": [{"toPorts": [{"port": "80", "endPort": "90"}]}]},
         "spec.ingress.0.toPorts.0.endPort = '90': must be a whole number, without quotes; write 90"),
        ({"ingress": [{"toPorts": [{"port": "8 0"}]}]},
         "spec.ingress.0.toPorts.0.port = '8 0': has not the form that is wanted here; its description: Port can be a "
         "number, or a name"),
        ({"ingress": [{"toPorts": [{}]}]},
         "spec.ingress.0.toPorts.0 = None: lacks port; its description: Port can be a number, or a name"),
        ({"ingress": [{"toPorts": {"port": "80"}}]},
         "spec.ingress.0.toPorts = {'port': '80'}: must be a list (lines that begin with '-'); put a '-' before it: a "
         "list with one entry"),
        ({"ingress": None},
         "spec.ingress = None: must be a list (lines that begin with '-'); write its value, [] or {} for an empty one, "
         "or remove the key"),
        ({"ingress": [{"fromCIDR": ["10.0.0.1"]}]},
         "spec.ingress.0.fromCIDR.0 = '10.0.0.1': is no network with its prefix length; write 10.0.0.1/32"),
        ({"ingress": [{"fromCIDR": ["10.0.0.0/33"]}]},
         "spec.ingress.0.fromCIDR.0 = '10.0.0.0/33': is no network with its prefix length; write a network, as in "
         "10.9.0.0/16"),
        ({"ingress": [{"fromEntities": ["word"]}]},
         "spec.ingress.0.fromEntities.0 = 'word': is none of the words that are known here; did you mean world?"),
        ({"ingress": [{"fromEntities": ["World"]}]},
         "spec.ingress.0.fromEntities.0 = 'World': is none of the words that are known here; did you mean world?"),
        ({"ingress": [{}], "nodeSelector": {}},
         "spec = None: has endpointSelector and nodeSelector, and one of them is allowed; remove the others"),
        ({}, "spec = None: needs one of ingress, egress; write one of them"),
        ({"ingress": [{"toPorts": [{"port": "1"}, {"port": "2"}, {"port": "3"}]}]},
         "spec.ingress.0.toPorts = [{'port': '1'}, {'port': '2'}, {'port': '3'}]: does not fit: [{'port': '1'}, "
         "{'port': '2'}, {'port': '3'}] is too long; see docs.cilium.io"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_clear_finding(spec: dict[str, Any], finding: str) -> None:
    assert said(gate(**spec)) == [finding]


def test_a_version_that_is_not_served_has_no_schema() -> None:
    assert schema_of(CRD, "v3") is None
    assert schema_of({}, "v2") is None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.sampled_from(["ingress", "toPorts", "port", "fromCIDR", "x"]), below)
    ),
    max_leaves=12,
)


@given(ANYTHING)
def test_whatever_stands_there_is_refused_in_words(anything: Any) -> None:
    for line in said({"spec": anything}):
        assert "Traceback" not in line


@pytest.mark.parametrize("folder", ["policies", "policies/fqdn", "policies/l7"])
def test_the_labs_policies_fit_ciliums_own_schemas(folder: str) -> None:
    place = cached(ClusterSpec().cilium_version)
    if place is None:
        pytest.skip("Cilium's module is not in this machine's cache; the twin's test asks the cluster")
    schemas = read(place)
    policies, _ = load(ROOT / folder)
    assert [finding for policy in policies for finding in schema_findings(policy, schemas)] == []


def test_a_folder_without_crds_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(CRD))
    with pytest.raises(KubesteadError, match="holds no CustomResourceDefinition of CiliumNetworkPolicy, Cilium"):
        read(tmp_path)
    (tmp_path / "b.yaml").write_text("- x")
    with pytest.raises(KubesteadError, match=r"b.yaml: is no CustomResourceDefinition"):
        read(tmp_path)
