"""Every alert is seen firing and not firing by Prometheus' own promtool, and one by a real Prometheus."""

from __future__ import annotations

import json
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest
import yaml

from kubestead.watch.metrics import Metrics
from tests.unit.watch.debianprometheus import program

HERE = Path(__file__).parent
RULES = HERE.parents[2] / "docs" / "alerts" / "kubestead.rules.yaml"
CASES = [HERE / "rules_test.yaml", HERE / "alert_rules_test.yaml"]


def rules():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def cases():
    return [
        (case["alertname"], bool(case["exp_alerts"]))
        for path in CASES
        for test in yaml.safe_load(path.read_text())["tests"]
        for case in test["alert_rule_test"]
    ]


@pytest.mark.parametrize("alert", [rule["alert"] for rule in rules()])
def test_every_alert_has_a_case_where_it_fires(alert):
    assert (alert, True) in cases()


@pytest.mark.parametrize("alert", [rule["alert"] for rule in rules() if "for" in rule or "increase" in rule["expr"]])
def test_every_alert_that_waits_has_a_case_where_it_does_not_fire(alert):
    assert (alert, False) in cases()


@pytest.mark.parametrize(
    "arguments", [("check", "rules", str(RULES)), ("test", "rules", *map(str, CASES))], ids=" ".join
)
def test_promtool_agrees(arguments):
    done = subprocess.run([program("promtool"), *arguments], cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def metrics():
    """A watcher's metrics, served where the real ones are."""
    served = Metrics()
    served.port = free_port()
    served.serve(served.port, "127.0.0.1")
    return served


@pytest.fixture
def firing(metrics, tmp_path):
    """A real Prometheus that scrapes them; asks which alerts it fires."""
    port = free_port()
    target = {"job_name": "kubestead", "static_configs": [{"targets": [f"127.0.0.1:{metrics.port}"]}]}
    settings = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [target],
    }
    (tmp_path / "prometheus.yml").write_text(json.dumps(settings))
    files = [
        f"--config.file={tmp_path}/prometheus.yml",
        f"--storage.tsdb.path={tmp_path}/data",
    ]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [program("prometheus"), *files, f"--web.listen-address=127.0.0.1:{port}"], stderr=log
        )

    def ask() -> set[tuple[str, str]]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/alerts", timeout=10) as answer:
                alerts = json.load(answer)["data"]["alerts"]
        except OSError:
            assert process.poll() is None, (tmp_path / "log").read_text()
            return set()
        return {
            (one["labels"]["alertname"], one["labels"].get("node", "")) for one in alerts if one["state"] == "firing"
        }

    yield ask
    process.terminate()
    process.wait()


def test_a_real_prometheus_fires_for_a_node_that_needs_a_person_and_stops_when_it_is_well(metrics, firing, until):
    metrics.leader.set(1)
    alert = ("KubesteadNodeNeedsAPerson", "k8s-worker1")
    metrics.standing.handed = {"k8s-worker1": "disk-read-only"}
    until(lambda: alert in firing(), 60)
    metrics.standing.handed = {}
    until(lambda: alert not in firing(), 60)
