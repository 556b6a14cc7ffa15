"""Settings laid over others, as Helm merges values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubestead.merge import deep_merge

KEYS = st.sampled_from("abc")
TREES = st.recursive(st.integers() | st.none(), lambda below: st.dictionaries(KEYS, below), max_leaves=8)
MAPPINGS = st.dictionaries(KEYS, TREES)


@pytest.mark.parametrize(
    ("base", "over", "merged"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, {"a": {"b": 3, "c": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"b": 1}}, {"a": None}, {"a": None}),
        ({"a": 1}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"d": False}}}, {"a": {"b": {"c": 1, "d": False}}}),
    ],
)
def test_mappings_key_by_key_anything_else_whole(base, over, merged):
    assert deep_merge(base, over) == merged


def test_the_values_merged_are_not_changed():
    base, over = {"a": {"b": 1}}, {"a": {"c": 2}}
    deep_merge(base, over)
    assert (base, over) == ({"a": {"b": 1}}, {"a": {"c": 2}})


@given(MAPPINGS, MAPPINGS)
def test_laying_the_same_over_again_changes_nothing(base, over):
    once = deep_merge(base, over)
    assert deep_merge(once, over) == once
    assert deep_merge(base, {}) == base
    assert deep_merge({}, over) == over
