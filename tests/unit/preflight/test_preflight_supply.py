"""The catalog against the spec: nothing missing, nothing unverified, no other version."""

from __future__ import annotations

from typing import Any

import pytest

from kubestead.catalog import Catalog
from kubestead.errors import Finding
from kubestead.preflight.supply import check_catalog
from kubestead.spec import ClusterSpec
from tests.fixtures import catalog
from tests.fixtures.hosts import survey


def findings(content: dict[str, Any], **spec: Any) -> list[Finding]:
    found = check_catalog(survey(spec=ClusterSpec(**spec), catalog=Catalog.model_validate(content)))
    return list(found)


def test_a_catalog_with_everything_has_no_findings() -> None:
    assert findings(catalog.content()) == []
    assert list(check_catalog(survey())) == []


def test_what_is_missing_is_told_at_once() -> None:
    content = catalog.content()
    del content["files"]["helm"], content["images"]["registry.k8s.io/etcd"]
    (finding,) = findings(content)
    assert (finding.where, finding.severity) == ("catalog test", "error")
    assert finding.reason == "has no helm, registry.k8s.io/etcd"


def test_what_this_cluster_does_not_run_need_not_be_there() -> None:
    content = catalog.content()
    del content["images"]["registry.k8s.io/kube-proxy"], content["images"]["quay.io/cilium/hubble-relay"]
    assert findings(content, kube_proxy="replace", hubble=False) == []
    assert "kube-proxy, quay.io/cilium/hubble-relay" in findings(content)[0].reason


def test_what_is_unverified_is_told_at_once_with_the_command_to_run() -> None:
    content = catalog.content()
    content["files"]["helm"]["amd64"]["sha256"] = content["images"]["registry.k8s.io/pause"]["sha256"] = "unverified"
    (finding,) = findings(content)
    assert "the digests of helm, registry.k8s.io/pause are unverified" in finding.reason
    assert "kubestead mirror verify --record" in finding.fix


def test_another_architectures_digest_does_not_matter() -> None:
    content = catalog.content()
    content["files"]["helm"]["arm64"] = {"url": "http://mirror.invalid/x", "sha256": "unverified"}
    assert findings(content) == []


@pytest.mark.parametrize(
    ("key", "version", "places"),
    [
        ("containerd_version", "2.1.6", 1),
        ("runc_version", "1.3.4", 1),
        ("helm_version", "3.19.1", 1),
        ("cilium_version", "1.18.5", 4),
        ("kubernetes_version", "1.31.14", 7),
        ("pause_version", "3.11", 1),
    ],
)
def test_another_version_than_the_catalogs_is_refused(key: str, version: str, places: int) -> None:
    (finding,) = findings(catalog.content(), **{key: version})
    assert (finding.where, finding.value) == (key, version)
    assert len(finding.reason.split(", ")) == places
