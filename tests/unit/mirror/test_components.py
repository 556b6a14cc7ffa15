"""The component table agrees with the modules it builds from."""

import re

import pytest
import yaml

from kubestead.catalog import Catalog
from kubestead.mirror import components, debs, gobuild, upstream
from kubestead.preflight.supply import RELEASED_WITH_CILIUM

TABLE = components.load()
MODULES = {
    "agnhost": "k8s.io/kubernetes",
    "cilium": "github.com/cilium/cilium",
    "cni-plugins": "github.com/containernetworking/plugins",
    "containerd": "github.com/containerd/containerd/v2",
    "coredns": "github.com/coredns/coredns",
    "etcd": "go.etcd.io/etcd/server/v3",
    "helm": "helm.sh/helm/v3",
    "kubernetes": "k8s.io/kubernetes",
    "runc": "github.com/opencontainers/runc",
}


def required(component):
    """The module versions a component's go.mod requires."""
    text = (component.folder / "go.mod").read_text().split("\nreplace")[0]
    return dict(re.findall(r"^(?:require )?\t?([\w./-]+) (v\S+)", text, re.MULTILINE))


@pytest.mark.parametrize("component", TABLE.values(), ids=lambda component: component.name)
def test_the_version_is_the_module_s(component):
    module = required(component)[MODULES[component.name]]
    expected = "v1.31.13" if component.name == "agnhost" else "v" + component.version.removeprefix("v")
    assert module == expected


@pytest.mark.parametrize("component", TABLE.values(), ids=lambda component: component.name)
def test_tools_go_imports_exactly_what_is_built(component):
    imported = set(re.findall(r'_ "([^"]+)"', (component.folder / "tools.go").read_text()))
    assert imported == {package.package for package in component.packages.values()}


@pytest.mark.parametrize("component", TABLE.values(), ids=lambda component: component.name)
def test_every_module_has_a_checksum_and_none_is_a_folder(component):
    text = (component.folder / "go.mod").read_text()
    assert not re.search(r"=>\s*[./]", text)
    sums = (component.folder / "go.sum").read_text()
    assert f"{MODULES[component.name]} {required(component)[MODULES[component.name]]} h1:" in sums


def test_no_two_binaries_of_one_build_share_a_name():
    for component in TABLE.values():
        for tags in {package.tags for package in component.packages.values()}:
            names = [package.binary for package in component.packages.values() if package.tags == tags]
            assert len(names) == len(set(names)), component.name


@pytest.mark.parametrize(
    ("package", "binary"),
    [("k8s.io/kubernetes/cmd/kubeadm", "kubeadm"), ("go.etcd.io/etcd/server/v3", "server"), ("a/v3beta", "v3beta")],
)
def test_the_name_go_gives_a_binary(package, binary):
    assert components.Package(package=package).binary == binary


def test_a_key_changes_with_flags_toolchain_and_architecture():
    component = TABLE["runc"]
    other = component.model_copy(update={"ldflags": ("-s",)})
    keys = {
        component.key("go1.24.11", "amd64"),
        component.key("go1.24.12", "amd64"),
        component.key("go1.24.11", "arm64"),
        other.key("go1.24.11", "amd64"),
    }
    assert len(keys) == 4
    assert component.key("go1.24.11", "amd64") == components.load()["runc"].key("go1.24.11", "amd64")


def test_upstream_and_gomod_are_of_the_same_versions():
    catalog = Catalog.load(upstream.CATALOG)
    versions = {name: component.version.removeprefix("v") for name, component in TABLE.items()}
    for name, entry in catalog.files.items():
        assert entry.version == versions[name.removesuffix("-chart")]
    assert catalog.apt["kubernetes"].packages == {package.name: package.version for package in debs.load()}
    for name, image in catalog.images.items():
        if name.startswith("registry.k8s.io/kube-"):
            assert image.tag == TABLE["kubernetes"].version
        if name in RELEASED_WITH_CILIUM:
            assert image.tag == "v" + TABLE["cilium"].version


def test_the_digests_of_upstream_are_whole():
    catalog = yaml.safe_load(upstream.CATALOG.read_text())
    known = re.findall(r"[0-9a-f]{64}", yaml.safe_dump(catalog))
    assert len(known) == len(set(known))


def test_go_is_taken_from_the_environment_that_runs(monkeypatch, tmp_path):
    monkeypatch.setattr(gobuild.sys, "prefix", str(tmp_path))
    with pytest.raises(gobuild.KubesteadError, match="run: uv sync --group gomod"):
        gobuild.go_binary()


def test_a_user_s_go_settings_stay(monkeypatch):
    monkeypatch.setenv("GOPROXY", "https://proxy.example")
    assert not {"GOPROXY", "GOFLAGS", "GONOSUMDB", "GONOSUMCHECK", "GOSUMDB"} & set(gobuild.environment(cgo=False))
