"""Templates are strict, and print values so that their readers see the same values."""

import json
import shlex

import pytest
import yaml
from jinja2 import UndefinedError

from kubestead import render as module
from kubestead.render import render


def test_a_missing_value_is_an_error():
    with pytest.raises(UndefinedError, match="sandbox_image"):
        render("containerd-config.toml.j2", restrict_oom_score_adj=False)


@pytest.mark.parametrize("value", ["1e3", "on", 'it\'s "x"', "a: b # c", None, True, ["a", 1], {"b": 1, "a": 2}])
def test_a_value_printed_as_json_is_yaml(value):
    filters = module.environment().filters
    assert yaml.safe_load(f"key: {filters['json'](value)}")["key"] == value


@pytest.mark.parametrize("value", ["plain", "it's", "$HOME `x`", "", 7])
def test_a_quoted_value_is_one_word_of_the_shell(value):
    assert shlex.split(module.environment().filters["q"](value)) == [str(value)]


def test_mappings_become_yaml_and_empty_ones_nothing():
    to_yaml = module.environment().filters["to_yaml"]
    assert to_yaml({}) == ""
    assert yaml.safe_load(to_yaml({"b": {"c": [1, "2"]}})) == {"b": {"c": [1, "2"]}}
    assert json.dumps(yaml.safe_load(to_yaml({"a": True}))) == '{"a": true}'
