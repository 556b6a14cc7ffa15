"""Values against a chart: unknown keys with the nearest known, values the schema refuses, and what is let through."""

import pytest

from kubestead.chart import Chart
from kubestead.chartvalues import check_values

PLACE = "group_data/all.py: cilium_extra_values"
CHART = Chart(
    version="1.18.4",
    values={
        "hubble": {"enabled": True, "relay": {"enabled": False, "replicas": 1}, "tls": {"auto": {"method": "helm"}}},
        "podAnnotations": {},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "operator": {"replicas": 2, "image": {"tag": "v1"}},
        "image": {"tag": "v1"},
        "apiRateLimit": None,
        "tolerations": [{"operator": "Exists"}],
        "loadBalancer": {"acceleration": "disabled"},
    },
    schema={
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "hubble": {"properties": {"enabled": {"type": "boolean"},
                                      "relay": {"properties": {"replicas": {"type": "integer"}}, "type": "object"}}},
            "global": {"type": "object"},
            "apiRateLimit": {"type": ["null", "string"]},
            "loadBalancer": {"properties": {"acceleration": {"enum": ["disabled", "native"]}}},
            "tolerations": {"type": "array", "items": {"properties": {"operator": {"type": "string"}}}},
            "podAnnotations": {"type": "object"},
        },
    },
    read=frozenset({("devices",), ("loadBalancer", "mode"), ("hubble", "relay"), ("podAnnotations",)}),
    handed_over=frozenset({("nodeSelector",)}),
)  # fmt: skip


def findings(values, own=None):
    return check_values(values, CHART, values if own is None else own, PLACE)


@pytest.mark.parametrize(
    "values",
    [
        {"hubble": {"enabled": False, "relay": {"replicas": 3}}},
        {"podAnnotations": {"example.org/a": "b"}},
        {"nodeSelector": {"disk": "ssd"}},
        {"devices": "eth0", "loadBalancer": {"mode": "dsr"}},
        {"global": {"anything": 1}},
        {"hubble": None, "apiRateLimit": None},
        {"hubble": {"enabled": None}},
        {"tolerations": [{"key": "x", "operator": "Exists"}]},
        {},
    ],
)
def test_what_the_chart_knows_passes(values):
    assert findings(values) == []


@pytest.mark.parametrize(
    ("values", "where", "advice"),
    [
        ({"hubble": {"relaay": {"enabled": True}}}, "hubble.relaay", "did you mean hubble.relay?"),
        ({"hubble": {"relay": {"replica": 1}}}, "hubble.relay.replica", "did you mean hubble.relay.replicas?"),
        ({"devicse": "eth0"}, "devicse", "did you mean devices?"),
        ({"relay": {"replicas": 2}}, "relay", "did you mean hubble.relay?"),
        ({"replicas": 3}, "replicas", "did you mean operator.replicas?"),
        ({"operator": {"zzz": 1}}, "operator.zzz", "remove it; operator has image, replicas"),
        ({"zzz": {"a": 1}}, "zzz", "remove it; see its values.yaml"),
        ({"operator": {"image": {"tga": "v2"}}}, "operator.image.tga", "did you mean operator.image.tag?"),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest_known(values, where, advice):
    (finding,) = findings(values)
    assert finding.where == f"{PLACE}.{where}"
    assert finding.reason == "the chart has no such value"
    assert finding.fix == advice


@pytest.mark.parametrize(
    ("values", "where", "reason", "fix"),
    [
        ({"hubble": {"enabled": "yes"}}, "hubble.enabled", "must be true or false", "own value is True"),
        ({"hubble": {"relay": {"replicas": 1.5}}}, "hubble.relay.replicas", "must be a whole number", "own value is 1"),
        ({"apiRateLimit": 5}, "apiRateLimit", "must be text in quotes", "see the chart's values.yaml"),
        ({"loadBalancer": {"acceleration": "x"}}, "loadBalancer.acceleration", "must be one of disabled, native", ""),
        ({"tolerations": [{"operator": 1}]}, "tolerations.0.operator", "must be text in quotes", "see the chart's"),
        ({"podAnnotations": "a=b"}, "podAnnotations", "must be a mapping", "own value is {}"),
    ],
)  # fmt: skip
def test_a_value_the_schema_refuses(values, where, reason, fix):
    (finding,) = findings(values)
    assert finding.where == f"{PLACE}.{where}"
    assert finding.reason == reason
    assert fix in finding.fix


def test_everything_is_told_at_once():
    assert len(findings({"hubble": {"enabled": 1, "relya": {}}, "image": {"tagg": "x"}})) == 3


def test_a_value_the_person_did_not_write_is_the_templates():
    (finding,) = findings({"hubble": {"relaay": {}}}, own={})
    assert finding.where == "templates/cilium-values.yaml.j2: hubble.relaay"
