"""The alert rules name metrics the watcher has, and say what a real Prometheus makes of them."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from kubestead.watch.metrics import Metrics

RULES = Path(__file__).parents[3] / "docs" / "alerts" / "kubestead.rules.yaml"


def rules():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def test_every_metric_of_the_rules_is_one_of_the_watchers():
    known = set()
    for metric in Metrics().registry.collect():
        known |= {metric.name, f"{metric.name}_total"}
    named = {name for rule in rules() for name in re.findall(r"\bkubestead_\w+", rule["expr"])}
    assert named
    assert named <= known


def test_every_alert_says_what_to_do():
    for rule in rules():
        assert set(rule["annotations"]) == {"summary", "action"}
        assert rule["labels"]["severity"] in ("critical", "warning")
