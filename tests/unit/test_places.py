"""Where a key is written, and the line that is to be written there."""

import ast

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kubestead.spec.places import line, place

SITE = {"cilium_extra_values": "site.yaml:4: overrides.cilium_extra_values"}
leaves = st.none() | st.booleans() | st.integers() | st.text()
values = st.recursive(leaves, lambda part: st.lists(part) | st.dictionaries(st.text(), part))


@pytest.mark.parametrize(
    ("key", "where"),
    [
        ("pod_cidr", "group_data/all.py: pod_cidr"),
        ("cilium_extra_values", "site.yaml:4: overrides.cilium_extra_values"),
        ("cilium_extra_values.ipam.mode", "site.yaml:4: overrides.cilium_extra_values.ipam.mode"),
        ("kubelet_config.maxPods", "group_data/all.py: kubelet_config.maxPods"),
    ],
)
def test_a_key_and_what_is_below_it_have_one_place(key, where):
    assert place(key, SITE) == where


def test_text_is_written_as_group_data_has_it():
    assert line("service_cidr", "10.96.0.0/12", {}) == 'write: service_cidr = "10.96.0.0/12"'


@given(values)
def test_a_line_of_python_says_the_value(value):
    assert ast.literal_eval(line("key", value, {}).partition(" = ")[2]) == value


@given(st.dictionaries(st.text(), values))
def test_a_line_of_a_site_file_says_the_value(value):
    written = line("cilium_extra_values", value, SITE)
    assert written.startswith("write there: ")
    assert yaml.safe_load(written.removeprefix("write there: ")) == {"cilium_extra_values": value}
