"""A folder's policies: read whole, and everything that is wrong with them said at once, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubestead.cilium.policyfiles import load

ROOT = Path(__file__).parents[3]
GOOD = """\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: {name}
  namespace: shop
spec:
  endpointSelector: {{}}
  ingress: [{{}}]
"""


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def said(folder: Path) -> list[str]:
    return [str(finding).replace(f"{folder}/", "") for finding in load(folder)[1]]


@pytest.mark.parametrize("folder", ["policies", "policies/fqdn", "policies/l7"])
def test_the_labs_own_policies_can_be_read(folder: str) -> None:
    policies, findings = load(ROOT / folder)
    assert policies
    assert findings == []


def test_policies_come_in_the_order_of_files_and_documents(tmp_path: Path) -> None:
    write(tmp_path, b__yaml=GOOD.format(name="third"), a__yml=f"---\n{GOOD.format(name='first')}---\n---\n"
          f"# only a comment\n---\n{GOOD.format(name='second')}")  # fmt: skip
    policies, findings = load(tmp_path)
    assert findings == []
    assert [policy.identity.name for policy in policies] == ["first", "second", "third"]
    assert policies[1].place("spec", "ingress", 0) == f"{tmp_path}/a.yml:21: document 2: spec.ingress.0"
    assert policies[2].place("metadata", "name") == f"{tmp_path}/b.yaml:4: metadata.name"
    assert str(policies[0]) == "CiliumNetworkPolicy shop/first"


def test_what_is_expected_and_what_is_no_policy_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "fqdn").mkdir()
    write(tmp_path / "fqdn", a__yaml="kind: X")
    write(tmp_path, expected__yaml="connections: []", README__md="# no YAML: {{", good__yaml=GOOD.format(name="a"))
    policies, findings = load(tmp_path)
    assert ([policy.identity.name for policy in policies], findings) == (["a"], [])


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("kind: CiliumNetworkPolicies", "a.yaml:1: kind = 'CiliumNetworkPolicies': is no kind of policy; "
                                        "did you mean CiliumNetworkPolicy?"),
        ("kind: Deployment", "a.yaml:1: kind = 'Deployment': is no kind of policy; the kinds here are "
                             "CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy, CiliumCIDRGroup, NetworkPolicy"),
        ("metadata: {}", "a.yaml:1: kind: is missing; the kinds here are CiliumNetworkPolicy, "
                         "CiliumClusterwideNetworkPolicy, CiliumCIDRGroup, NetworkPolicy"),
        (GOOD.replace("cilium.io/v2", "cilium.io/v1").format(name="a"),
         "a.yaml:1: apiVersion = 'cilium.io/v1': is not the version of CiliumNetworkPolicy here; write cilium.io/v2"),
        (GOOD.replace("  namespace: shop\n", "").format(name="a"),
         "a.yaml:3: metadata.namespace: is missing; give the policy its namespace"),
        (GOOD.replace("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy").format(name="a"),
         "a.yaml:5: metadata.namespace = 'shop': CiliumClusterwideNetworkPolicy is of the whole cluster and has no "
         "namespace; remove it"),
        (GOOD.format(name="Allow_DNS"), "a.yaml:4: metadata.name = 'Allow_DNS': is no name Kubernetes takes; use "
         "lower-case letters, digits, '-' and '.', in quotes where it looks like a number"),
        (GOOD.format(name="12"), "a.yaml:4: metadata.name = 12: is no name Kubernetes takes; use "
         "lower-case letters, digits, '-' and '.', in quotes where it looks like a number"),
        (GOOD.format(name="a").replace("spec:", "spek:"),
         "a.yaml:6: spek: no such key; did you mean spec?"),
        (GOOD.format(name="a\n  label: {}"), "a.yaml:5: metadata.label: no such key; did you mean labels?"),
        (GOOD.format(name="a\n  labels: {tier: 1}"),
         "a.yaml:5: metadata.labels.tier = 1: must be text; put it in quotes"),
        ("- a\n- b", "a.yaml:1 = ['a', 'b']: is no policy: a mapping with apiVersion, kind, metadata and spec; "
                     "correct it, or the '---' before it"),
        ("kind: [", "a.yaml:1: is not YAML: expected the node content, but found '<stream end>'; correct the line, or "
                    "the one before; put text in quotes"),
        (GOOD.format(name="a") + "  ingress: []\n",
         "a.yaml:9: ingress is written twice, first in line 8; keep one of them"),
        (GOOD.format(name="{{ name }}"),
         "a.yaml:4: has a template's placeholder, {{; write the value itself: policies are plain YAML here"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, finding: str) -> None:
    write(tmp_path, a__yaml=text)
    assert load(tmp_path)[0] == []
    assert said(tmp_path) == [finding]


def test_two_objects_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path, a__yaml=GOOD.format(name="same"), b__yaml=GOOD.format(name="same"))
    assert said(tmp_path) == [
        "b.yaml:4: metadata.name: CiliumNetworkPolicy shop/same is written a second time, first in a.yaml:4: "
        "metadata.name; rename one of them, or remove it"
    ]


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    write(tmp_path, a__yaml="kind: [", b__yaml="kind: X", c__yaml__j2="", d__yaml=GOOD.format(name="good"))
    assert len(load(tmp_path)[1]) == 3
    assert [policy.identity.name for policy in load(tmp_path)[0]] == ["good"]


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    assert said(tmp_path / "x") == [f"{tmp_path}/x: is no folder; name one that is, with --data policies=FOLDER"]
