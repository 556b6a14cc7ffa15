"""The chart's check at the edge: the chart from the cache, fetched once, and found good once."""

from pathlib import Path

import pytest

from kubestead import cache
from kubestead.mirror import download
from kubestead.phases import chart
from kubestead.spec import ClusterSpec
from tests.deploys.runner import chart as put_chart
from tests.fixtures import catalog as fixture

Catalog = type(fixture.catalog())


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """A catalog whose chart is in the cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    content = fixture.content()
    content["files"]["cilium-chart"]["any"]["sha256"] = put_chart(tmp_path)
    return Catalog.model_validate(content)


def findings(sources, **values):
    return chart.chart_findings(ClusterSpec.load(values), sources, nodes=3, places={"hubble": "site.yaml:1: x"})


def test_right_values_are_found_good_once(sources, monkeypatch):
    assert findings(sources) == []
    monkeypatch.setattr(chart, "_check", None)  # whoever looks at the chart again fails
    assert findings(sources) == []
    (file,) = (cache.root() / "downloads").glob("*.values")
    assert file.name.startswith(sources.files["cilium-chart"].any.sha256)


def test_other_values_are_looked_at_again(sources):
    assert findings(sources) == []
    (finding,) = findings(sources, cilium_extra_values={"hubble": {"relaay": {}}})
    assert finding.where == "group_data/all.py: cilium_extra_values.hubble.relaay"
    assert finding.fix == "did you mean hubble.relay?"
    assert len(findings(sources, cilium_extra_values={"hubble": {"relaay": {}}})) == 1
    assert findings(sources) == []


def test_another_checker_looks_again(sources, monkeypatch):
    assert findings(sources) == []
    monkeypatch.setattr(chart, "CHECKERS", ("chart.py",))
    monkeypatch.setattr(chart, "_check", lambda *_: ["looked"])
    assert findings(sources) == ["looked"]


def test_a_chart_of_another_version_than_its_catalog_says(sources):
    (finding,) = findings(sources, cilium_version="1.18.5")
    assert finding.where == "group_data/all.py: cilium_version"
    assert finding.value == "1.18.5"
    assert "version 1.18.4 by its own Chart.yaml" in finding.reason
    assert finding.fix.startswith('write cilium_version = "1.18.4"')


def test_a_chart_that_cannot_be_had_is_one_finding_with_the_fix(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(download, "_curl", lambda *_: (7, "", "Failed to connect to mirror.invalid"))
    monkeypatch.setattr("time.sleep", lambda _: None)
    (finding,) = findings(fixture.catalog())
    assert finding.where == "catalog test: cilium-chart"
    assert "Failed to connect to mirror.invalid" in finding.reason
    assert str(Path("kubestead", "downloads", fixture.catalog().files["cilium-chart"].any.sha256)) in finding.reason
    assert "make it reachable from this machine" in finding.fix


def test_an_unverified_chart_is_never_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    content = fixture.content()
    content["files"]["cilium-chart"]["any"]["sha256"] = "unverified"
    (finding,) = findings(Catalog.model_validate(content))
    assert "unverified" in finding.reason
    assert not (tmp_path / "kubestead").exists()


def test_what_is_no_chart_is_said_so(sources):
    path = cache.root() / "downloads" / sources.files["cilium-chart"].any.sha256
    path.write_text("<html>")
    (finding,) = findings(sources)
    assert "is not a Helm chart" in finding.reason
