"""The rules between Cilium's choices: each is broken by an example of its own and mended by what it says."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubestead.cilium.rules import RULES, contradictions
from kubestead.errors import InvalidInput
from kubestead.spec import ClusterSpec
from kubestead.spec.cilium import CiliumChoices
from kubestead.spec.loading import CLUSTER_KEYS
from tests.unit.cilium.examples import BROKEN


def unchecked(values: dict[str, Any]) -> ClusterSpec:
    """A spec that was not compared, so that the rules can be asked one by one."""
    return ClusterSpec.model_validate(values, context={"unsure": CLUSTER_KEYS})


@pytest.mark.parametrize(("values", "mended"), BROKEN, ids=range(len(BROKEN)))
def test_a_rule_is_broken_by_one_example_and_mended(values, mended):
    (finding,) = contradictions(unchecked(values))
    assert finding.fix
    assert list(contradictions(unchecked(values | mended))) == []


def test_every_rule_has_an_example_of_its_own():
    broken = [next(rule for rule in RULES if rule.broken(unchecked(values))) for values, _ in BROKEN]
    assert set(map(RULES.index, broken)) == set(range(len(RULES)))


def asked(spec: ClusterSpec, rule: Any) -> set[str]:
    """The keys a rule looks at, also by way of the spec's properties."""
    seen: set[str] = set()

    class Watched(SimpleNamespace):
        def __getattr__(self, name: str) -> Any:
            if name in ClusterSpec.model_fields:
                seen.add(name)
                return getattr(spec, name)
            return getattr(ClusterSpec, name).fget(self)

    rule.broken(Watched())
    return seen


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.key} {rule.reason[:30]}")
def test_a_rule_names_every_key_it_looks_at(rule):
    """A rule that looked at one more would judge by the default of a key whose value is wrong."""
    for values, mended in BROKEN:
        for spec in (unchecked(values), unchecked(values | mended)):
            assert asked(spec, rule) <= {rule.key, *rule.others}


def test_the_defaults_break_nothing():
    assert list(contradictions(ClusterSpec())) == []


def test_every_contradiction_is_told_at_once_at_its_place_with_the_line_to_write():
    written = {"cilium_masquerade": "bpf", "cilium_lb_algorithm": "maglev", "hubble_ui": True, "hubble": "yes"}
    with pytest.raises(InvalidInput) as error:
        ClusterSpec.load({**written, "kubestead_where": {"hubble_ui": "site.yaml:3: overrides.hubble_ui"}})
    found = {finding.where: finding for finding in error.value.findings}
    # hubble is wrong by itself, so what depends on it is not judged.
    assert set(found) == {f"group_data/all.py: {key}" for key in ("cilium_masquerade", "cilium_lb_algorithm", "hubble")}
    assert found["group_data/all.py: cilium_masquerade"].value == "bpf"
    assert 'write kube_proxy = "replace"' in found["group_data/all.py: cilium_masquerade"].fix


def test_a_contradiction_stands_where_its_key_was_written():
    with pytest.raises(InvalidInput) as error:
        ClusterSpec.load({"hubble_ui": True, "hubble_relay": False, "kubestead_where": {"hubble_ui": "site.yaml:3: x"}})
    assert [finding.where for finding in error.value.findings] == ["site.yaml:3: x"]


def test_what_may_be_meant_is_a_warning():
    spec = ClusterSpec.load({"cilium_policy": "always"})
    assert [(finding.where, finding.severity) for finding in spec.warnings()][-1] == ("cilium_policy", "warning")


@given(st.sampled_from(BROKEN), st.sets(st.sampled_from(sorted(CiliumChoices.model_fields))))
def test_a_rule_about_a_key_in_doubt_is_left_out(example, unsure):
    spec = unchecked(example[0])
    assert unsure.isdisjoint(finding.where for finding in contradictions(spec, unsure))
