"""The catalog: its form, whole URLs, and no artifact without a verified digest."""

import copy

import pytest
import yaml

from kubestead.catalog import Catalog
from kubestead.errors import InvalidInput, KubesteadError

DIGEST = "0123456789abcdef" * 4
CONTENT = {
    "origin": "test",
    "files": {
        "runc": {"version": "1.3.3", "amd64": {"url": "files/runc", "sha256": DIGEST, "size": 3}},
        "cilium-chart": {"version": "1.18.4", "any": {"url": "https://example.org/cilium.tgz", "sha256": DIGEST}},
        "helm": {"version": "3.19.0", "amd64": {"url": "files/helm", "sha256": "unverified"}},
    },
    "apt": {
        "kubernetes": {
            "url": "apt/kubernetes/", "key_url": "apt/kubernetes/key.asc", "key_fingerprint": "AB" * 20,
            "packages": {"kubelet": "1.31.13-1.1"},
        }
    },
    "images": {
        "registry.k8s.io/pause": {"tag": "3.10", "sha256": DIGEST},
        "registry.k8s.io/etcd": {"tag": "3.5.15-0", "sha256": "unverified"},
    },
}  # fmt: skip


@pytest.fixture
def load(tmp_path):
    def write_and_load(content, base_url=""):
        path = tmp_path / "catalog.yaml"
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        return Catalog.load(path, base_url)

    return write_and_load


def test_relative_urls_are_joined_to_the_base(load):
    catalog = load(CONTENT, "http://192.0.2.1:8080")
    assert catalog.file("runc", "amd64").url == "http://192.0.2.1:8080/files/runc"
    assert catalog.apt["kubernetes"].url == "http://192.0.2.1:8080/apt/kubernetes/"
    assert catalog.apt["kubernetes"].key_url == "http://192.0.2.1:8080/apt/kubernetes/key.asc"


def test_whole_urls_stay(load):
    assert load(CONTENT, "http://192.0.2.1/").file("cilium-chart", "arm64").url == "https://example.org/cilium.tgz"


def test_a_url_with_a_password_is_refused_and_not_repeated(load):
    content = copy.deepcopy(CONTENT)
    content["files"]["runc"]["amd64"]["url"] = "https://me:pa55@example.org/runc"
    with pytest.raises(KubesteadError, match="user or password") as caught:
        load(content)
    assert "pa55" not in str(caught.value)


def test_an_image_is_named_by_its_digest(load):
    assert load(CONTENT).image("registry.k8s.io/pause") == f"registry.k8s.io/pause@sha256:{DIGEST}"


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda catalog: catalog.file("runc", "arm64"), "no file 'runc' for arm64"),
        (lambda catalog: catalog.file("crictl", "amd64"), "no file 'crictl'"),
        (lambda catalog: catalog.file("helm", "amd64"), "unverified"),
        (lambda catalog: catalog.image("quay.io/x"), "no image 'quay.io/x'"),
        (lambda catalog: catalog.image("registry.k8s.io/etcd"), "unverified"),
    ],
)
def test_what_is_missing_or_unverified_is_refused(load, ask, words):
    with pytest.raises(KubesteadError, match=words):
        ask(load(CONTENT))


def test_every_fault_of_the_form_is_found_at_once(load):
    content = copy.deepcopy(CONTENT)
    content["files"]["runc"]["amd64"]["sha256"] = "ABC"
    content["images"]["registry.k8s.io/pause"]["tags"] = ["3.10"]
    with pytest.raises(InvalidInput) as error:
        load(content)
    text = str(error.value)
    assert len(error.value.findings) == 2
    assert "files.runc.amd64.sha256 = 'ABC'" in text
    assert "registry.k8s.io/pause.tags" in text


@pytest.mark.parametrize("content", ["a: [", "- a"])
def test_a_file_of_another_form_is_refused(load, content):
    with pytest.raises(InvalidInput):
        load(content)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InvalidInput, match=r"nowhere\.yaml"):
        Catalog.load(tmp_path / "nowhere.yaml")
