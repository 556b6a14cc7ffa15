"""The mirror from upstream, end to end: files, a signed repository and a registry, all over TLS, all played locally."""

import subprocess

import pytest
import yaml

from kubestead import cache, mirror
from kubestead.catalog import Catalog
from kubestead.errors import InvalidInput, KubesteadError
from kubestead.mirror import source
from kubestead.mirror.download import Limits
from kubestead.mirror.serve import serving
from kubestead.mirror.upstream import CATALOG, artifacts, build, stays_inside

QUICK = Limits(attempts=2, connect_seconds=5, stall_seconds=1, pause_seconds=0.01)


def mirrors():
    return list((cache.root() / "mirrors").glob("[!.]*"))


def test_everything_is_mirrored_verified_and_served_by_digest(catalog, registry_k8s_io, upstream):
    path = build(catalog, QUICK)
    checked = mirror.verify(path)
    described = Catalog.load(path / "catalog.yaml")
    assert described.files["containerd"].arm64.url == "files/containerd-2.1.5-linux-arm64.tar.gz"
    assert described.apt["kubernetes"].url == "apt/kubernetes/"
    assert {"kubelet_amd64.deb", "kubelet_arm64.deb"} <= {line.split()[0] for line in checked}
    with serving(path, "127.0.0.1") as served:
        reference = f"{served.registry_url.removeprefix('http://')}/registry.k8s.io/pause@sha256:{registry_k8s_io}"
        command = ["skopeo", "inspect", "--tls-verify=false", "--override-arch", "arm64", f"docker://{reference}"]
        assert '"Architecture": "arm64"' in subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_mirror_that_is_there_is_found_not_filled_again(catalog, upstream):
    path = build(catalog, QUICK)
    asked = len(upstream.asked)
    assert build(catalog, QUICK) == path
    assert len(upstream.asked) == asked


def test_unverified_digests_are_refused_all_at_once(catalog, change, upstream):
    change("files containerd arm64 sha256", "unverified")
    change("images registry.k8s.io/pause sha256", "unverified")
    with pytest.raises(InvalidInput, match="run 'kubestead mirror verify --record'") as refused:
        build(catalog, QUICK)
    where = [finding.where for finding in refused.value.findings]
    assert where == ["upstream.yaml: files.containerd.arm64", "upstream.yaml: images.registry.k8s.io/pause"]
    assert upstream.asked == []


@pytest.mark.parametrize("behaviour", ["short without a length", "status 404"])
def test_a_file_that_is_not_what_it_should_be_leaves_no_mirror(catalog, upstream, behaviour):
    upstream.behaviour["cilium-1.18.4.tgz"] = behaviour
    with pytest.raises(KubesteadError, match=r"cilium-1\.18\.4\.tgz"):
        build(catalog, QUICK)
    assert mirrors() == []


def test_a_failed_run_is_gone_on_with(catalog, upstream):
    upstream.behaviour["cilium-1.18.4.tgz"] = "status 404"
    with pytest.raises(KubesteadError):
        build(catalog, QUICK)
    upstream.behaviour["cilium-1.18.4.tgz"] = "whole"
    mirror.verify(build(catalog, QUICK))
    fetched = [path for path, _ in upstream.asked if path.startswith("containerd")]
    assert len(fetched) == 2  # once for each architecture, in the first run


def test_a_wrong_digest_names_both(catalog, change):
    change("files cilium-chart any sha256", "1" * 64)
    with pytest.raises(KubesteadError, match=f"the catalog says {'1' * 64}"):
        build(catalog, QUICK)


def test_a_repository_signed_by_another_key_is_refused(catalog, change):
    change("apt kubernetes key_fingerprint", "A" * 40)
    with pytest.raises(KubesteadError, match=f"the catalog trusts {'A' * 40}; do not use this repository"):
        build(catalog, QUICK)
    assert mirrors() == []


def test_a_changed_index_is_refused(catalog, upstream):
    upstream.offer("deb/InRelease", upstream.files["deb/InRelease"].replace(b"Label: kubestead", b"Label: somebody"))
    with pytest.raises(KubesteadError, match="checking the repository's signature"):
        build(catalog, QUICK)


def test_a_changed_package_is_refused(catalog, upstream):
    upstream.offer("deb/kubelet_arm64.deb", b"something else")
    with pytest.raises(KubesteadError, match=r"kubelet_arm64.deb: the downloaded file's sha256"):
        build(catalog, QUICK)


def test_an_index_cannot_name_a_file_outside_the_repository():
    names = ["kubelet.deb", "amd64/kubelet_1.31.13-1.1_amd64.deb", "../../etc/passwd", "/etc/passwd", "a/../../b", ""]
    assert [name for name in names if stays_inside(name)] == names[:2]


def test_a_package_that_is_not_there_is_named(catalog, change):
    change("apt kubernetes packages", {"kubelet": "1.31.99-1.1"})
    with pytest.raises(KubesteadError, match=r"has no kubelet 1.31.99-1.1 for amd64"):
        build(catalog, QUICK)


def test_an_image_of_another_digest_is_refused(catalog):
    text = catalog.read_text()
    known = yaml.safe_load(text)["images"]["registry.k8s.io/pause"]["sha256"]
    catalog.write_text(text.replace(known, "a" * 64))
    with pytest.raises(KubesteadError, match=r"copying registry.k8s.io/pause:3.10[\s\S]*manifest unknown"):
        build(catalog, QUICK)


def test_record_writes_what_was_unverified_and_nothing_else(catalog, registry_k8s_io):
    text = catalog.read_text()
    data = yaml.safe_load(text)
    arm64 = data["files"]["containerd"]["arm64"]["sha256"]
    catalog.write_text(text.replace(arm64, "unverified").replace(registry_k8s_io, "unverified"))
    recorded = mirror.record(catalog, QUICK)
    assert [line.split()[-1] for line in recorded] == [arm64, registry_k8s_io]
    assert catalog.read_text().startswith("# A comment that stays.\n")
    assert yaml.safe_load(catalog.read_text()) == data
    assert mirror.record(catalog, QUICK) == []


def test_record_leaves_the_catalog_alone_where_something_cannot_be_had(catalog, change, upstream):
    change("files containerd amd64 sha256", "unverified")
    change("files cilium-chart any sha256", "unverified")
    upstream.behaviour["cilium-1.18.4.tgz"] = "status 404"
    before = catalog.read_text()
    with pytest.raises(KubesteadError):
        mirror.record(catalog, QUICK)
    assert catalog.read_text() == before


def test_auto_takes_upstream_where_it_answers_and_says_why(catalog, change, upstream):
    change("images", {f"localhost:{upstream.port}/pause": {"tag": "3.10", "sha256": "0" * 64}})
    assert source.choose_source(catalog) == ("upstream", "all of its hosts answer")


def test_auto_takes_gomod_where_a_digest_is_unverified(catalog, change, upstream):
    change("images", {f"localhost:{upstream.port}/pause": {"tag": "3.10", "sha256": "unverified"}})
    chosen, why = source.choose_source(catalog)
    assert chosen == "gomod"
    assert "1 digests of upstream.yaml are unverified" in why


def test_auto_takes_gomod_where_upstream_is_silent(catalog, upstream):
    text = catalog.read_text()
    catalog.write_text(text.replace(f"localhost:{upstream.port}", "localhost:1"))
    chosen, why = source.choose_source(catalog)
    assert chosen == "gomod"
    assert "no answer from localhost:1" in why


def test_the_committed_catalog_is_whole_and_https_only():
    described = Catalog.load(CATALOG)
    for entry in described.files.values():
        assert entry.any or (entry.amd64 and entry.arm64)
        assert all(artifact.url.startswith("https://") for _, artifact in artifacts(entry))
    assert described.apt["kubernetes"].url.startswith("https://")
