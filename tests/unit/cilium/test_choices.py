"""choices.yaml: an entry for every choice and value, proofs that are there; the page and the command made of it."""

import ast
import json
import re
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest
from typer.testing import CliRunner

from kubestead.cilium import document
from kubestead.cilium.choices import USED, topics
from kubestead.cilium.explain import explained
from kubestead.cli.main import app
from kubestead.spec import ClusterSpec
from kubestead.spec.cilium import CiliumChoices
from tests.unit.test_validate import make, project  # noqa: F401 - a fixture

ROOT = Path(__file__).parents[3]
CHOICES = {key: states for topic in topics() for key, states in topic.choices.items()}
# The networks of IPv6 are told with ip_families.
KEYS = {"kube_proxy", *CiliumChoices.model_fields} - {
    "cilium_extra_values", "pod_cidr_v6", "pod_cidr_v6_mask_size", "service_cidr_v6"
}  # fmt: skip
MEASURED = sorted({test for states in CHOICES.values() for state in states.values() for test in state.measured})


def test_every_choice_has_an_entry():
    assert set(CHOICES) == KEYS


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_value_has_an_entry(key):
    annotation = ClusterSpec.model_fields[key].annotation
    words = set(get_args(annotation)) if get_origin(annotation) is Literal else {USED}
    assert set(CHOICES[key]) == words


@pytest.mark.parametrize("test", MEASURED)
def test_what_is_called_measured_has_its_test(test):
    path, _, function = test.partition("::")
    assert path.startswith("tests/twin/")
    names = {node.name for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.FunctionDef)}
    assert any(name.startswith("test_") for name in names)
    assert not function or function in names


def test_the_page_says_what_the_entries_say():
    text = document.DOCUMENT.read_text()
    assert document.filled(text) == text, "python -m kubestead.cilium.document"
    assert len(re.findall(r"^\| `(\w+)", text, re.MULTILINE)) == sum(map(len, CHOICES.values()))
    links = re.findall(r"\]\((\.\./[^)#]+)\)", text)
    assert not [link for link in links if not (document.DOCUMENT.parent / link).exists()]


def test_a_specs_choices_are_explained_by_its_values():
    spec = ClusterSpec.load({"kube_proxy": "replace", "cilium_native_cidr": "10.0.0.0/8", "cilium_routing": "native"})
    rows = {row.key: row for row in explained(spec)}
    assert set(rows) == KEYS
    assert rows["kube_proxy"].proven
    assert "test_kube_proxy_replaced" in rows["kube_proxy"].proof
    assert rows["cilium_native_cidr"].used
    assert rows["cilium_native_cidr"].written == 'cilium_native_cidr = "10.0.0.0/8"'
    assert (rows["cilium_bgp"].used, rows["cilium_bgp"].does) == (False, "not used")
    assert rows["cilium_routing"].does == CHOICES["cilium_routing"]["native"].does
    (mtu,) = (row for row in explained(ClusterSpec(cilium_mtu=1400)) if row.key == "cilium_mtu")
    assert mtu.does.endswith("1350 bytes are left for pods")


def run(*words):
    result = CliRunner().invoke(app, ["cilium", "explain", *words])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def test_the_command_tells_a_person_and_a_program(project):  # noqa: F811
    make(project, {"group_data/all.py": "kube_proxy = 'replace'\ncilium_masquerade = 'bpf'\n"})
    told = " ".join(run().stdout.split())
    assert "Packets between nodes" in told
    assert 'kube_proxy = "replace"' in told
    assert "cilium_bgp" not in told
    assert "cilium_bgp" in run("--all").stdout
    rows = {row["key"]: row for row in json.loads(run("--json").stdout)}
    assert set(rows) == KEYS
    assert rows["cilium_masquerade"]["value"] == "bpf"


def test_a_spec_that_is_refused_is_not_explained(project):  # noqa: F811
    make(project, {"group_data/all.py": "cilium_masquerade = 'bpf'\n"})
    result = run()
    assert result.exit_code == 1
    assert result.stdout == ""
