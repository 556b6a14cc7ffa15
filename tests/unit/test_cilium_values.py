"""The values Cilium's chart is installed with."""

import subprocess

import pytest
import yaml

from kubestead import cache
from kubestead.catalog import Catalog, Image
from kubestead.phases.cilium import cilium_values
from kubestead.spec import ClusterSpec

SPEC = ClusterSpec()
REPLACED = ClusterSpec(kube_proxy="replace")
CATALOG = Catalog(
    origin="test", files={}, apt={},
    images={
        f"quay.io/cilium/{name}": Image(tag=f"{name}-tag", sha256="a" * 64)
        for name in ("cilium", "operator-generic", "hubble-relay")
    },
)  # fmt: skip


def test_cilium_gets_the_pool_vxlan_and_images_by_digest():
    values = cilium_values(SPEC, CATALOG, nodes=3)
    assert (values["routingMode"], values["tunnelProtocol"]) == ("tunnel", "vxlan")
    pool = values["ipam"]["operator"]
    assert pool == {"clusterPoolIPv4PodCIDRList": ["10.0.0.0/8"], "clusterPoolIPv4MaskSize": 24}
    assert values["cluster"] == {"name": "lab"}
    assert values["image"] == {"tag": "cilium-tag", "digest": "sha256:" + "a" * 64, "useDigest": True}
    assert values["operator"]["image"]["genericDigest"] == "sha256:" + "a" * 64
    assert values["hubble"]["relay"]["image"]["tag"] == "hubble-relay-tag"


@pytest.mark.parametrize(("nodes", "replicas"), [(1, 1), (2, 2), (3, 2), (50, 2)])
def test_ciliums_operators_do_not_share_a_node(nodes, replicas):
    assert cilium_values(SPEC, CATALOG, nodes)["operator"]["replicas"] == replicas


def test_cilium_replaces_kube_proxy_by_one_setting():
    assert cilium_values(SPEC, CATALOG, 3)["kubeProxyReplacement"] == "false"
    assert cilium_values(REPLACED, CATALOG, 3)["kubeProxyReplacement"] == "true"


@pytest.mark.parametrize("spec", [SPEC, REPLACED])
def test_cilium_finds_the_api_without_kube_proxy(spec):
    values = cilium_values(spec, CATALOG, 3)
    assert (values["k8sServiceHost"], values["k8sServicePort"]) == ("k8s-api", 6443)


def test_hubble_can_be_turned_off_and_own_values_win():
    values = cilium_values(ClusterSpec(hubble=False, cilium_extra_values={"hubble": {"x": 1}, "MTU": 1400}), CATALOG, 3)
    assert values["hubble"]["enabled"] is False
    assert values["hubble"]["relay"]["enabled"] is False, "the chart refuses a relay without Hubble"
    assert values["hubble"]["x"] == 1
    assert values["MTU"] == 1400


def newest(pattern):
    found = sorted(cache.root().glob(pattern), key=lambda path: path.stat().st_mtime)
    return found[-1] if found else pytest.skip(f"needs {pattern} in the cache: make components")


@pytest.fixture
def rendered(tmp_path):
    """The chart's objects for a spec, by kind and name."""

    def render(spec):
        helm, chart = newest("components/helm-*/bin/helm"), newest("mirrors/*/files/cilium-*.tgz")
        values = tmp_path / "values.yaml"
        values.write_text(yaml.safe_dump(cilium_values(spec, CATALOG, 3)))
        command = [helm, "template", "cilium", chart, "--namespace", "kube-system", "--values", values]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        objects = [item for item in yaml.safe_load_all(done.stdout) if item]
        return {(item["kind"], item["metadata"]["name"]): item for item in objects}

    return render


@pytest.mark.parametrize(
    "changes", [{}, {"kube_proxy": "replace"}, {"hubble": False}, {"hubble_relay": False}], ids=str
)
def test_the_chart_accepts_them(rendered, changes):
    spec = ClusterSpec(**changes)
    assert (("Deployment", "hubble-relay") in rendered(spec)) is (spec.hubble and spec.hubble_relay)


def test_the_relay_looks_the_agents_up_in_the_clusters_own_domain(rendered):
    found = rendered(ClusterSpec(dns_domain="lab.example"))
    config = yaml.safe_load(found["ConfigMap", "hubble-relay-config"]["data"]["config.yaml"])
    assert config["peer-service"] == "hubble-peer.kube-system.svc.lab.example.:443"


@pytest.mark.parametrize("what", [("DaemonSet", "cilium"), ("Deployment", "cilium-operator")], ids=str)
def test_a_changed_configuration_restarts_agents_and_operator(rendered, what):
    marks = [rendered(spec)[what]["spec"]["template"]["metadata"]["annotations"] for spec in (SPEC, REPLACED)]
    assert marks[0]["cilium.io/cilium-configmap-checksum"] != marks[1]["cilium.io/cilium-configmap-checksum"]
