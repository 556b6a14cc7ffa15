"""The values Cilium's chart is installed with."""

import base64
import re
import subprocess
from ipaddress import IPv4Address

import pytest
import yaml
from cryptography import x509

from kubestead import cache
from kubestead.catalog import Catalog, Image
from kubestead.chart import read_chart
from kubestead.phases.cilium import cilium_values
from kubestead.spec import ClusterSpec
from tests.fixtures.catalog import OPTIONAL, UPSTREAM
from tests.unit.cilium.examples import BETA, BGP, BPF, ENVOY, GAMMA, GREEN, ISSUER, LAN, MESH, NATIVE, POOL
from tests.unit.cilium.examples import REPLACED as WITHOUT_PROXY

SPEC = ClusterSpec()
REPLACED = ClusterSpec(kube_proxy="replace")
CATALOG = Catalog(
    origin="test", files={}, apt={},
    images={
        f"quay.io/cilium/{name}": Image(tag=f"{name}-tag", sha256="a" * 64)
        for name in ("cilium", "operator-generic", "hubble-relay", "clustermesh-apiserver")
    } | {name: Image(tag=tag, sha256="b" * 64) for name, tag in OPTIONAL.items()},
)  # fmt: skip


def test_cilium_gets_the_pool_vxlan_and_images_by_digest():
    values = cilium_values(SPEC, CATALOG, nodes=3)
    assert (values["routingMode"], values["tunnelProtocol"]) == ("tunnel", "vxlan")
    pool = values["ipam"]["operator"]
    assert pool == {"clusterPoolIPv4PodCIDRList": ["10.0.0.0/8"], "clusterPoolIPv4MaskSize": 24}
    assert values["cluster"] == {"name": "lab", "id": 0}
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
    values = cilium_values(
        ClusterSpec(hubble=False, cilium_mtu=1400, cilium_extra_values={"hubble": {"x": 1}}), CATALOG, 3
    )
    assert values["hubble"]["enabled"] is False
    assert values["hubble"]["relay"]["enabled"] is False, "the chart refuses a relay without Hubble"
    assert values["hubble"]["x"] == 1
    assert values["MTU"] == 1400


# An older one may lie beside it.
CHART = f"mirrors/*/files/cilium-{ClusterSpec().cilium_version}.tgz"


def newest(pattern):
    found = sorted(cache.root().glob(pattern), key=lambda path: path.stat().st_mtime)
    return found[-1] if found else pytest.skip(f"needs {pattern} in the cache: make components")


@pytest.fixture
def rendered(tmp_path):
    """The chart's objects for a spec, by kind and name."""

    def render(spec):
        helm, chart = newest("components/helm-*/bin/helm"), newest(CHART)
        values = tmp_path / "values.yaml"
        values.write_text(yaml.safe_dump(cilium_values(spec, CATALOG, 3)))
        command = [helm, "template", "cilium", chart, "--namespace", "kube-system", "--values", values]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        objects = [item for item in yaml.safe_load_all(done.stdout) if item]
        return {(item["kind"], item["metadata"]["name"]): item for item in objects}

    return render


ACCEPTED = [
    {}, {"hubble": False}, {"hubble_relay": False},
    {**NATIVE, **BPF, "cilium_lb_mode": "dsr", "cilium_lb_algorithm": "maglev", "cilium_mtu": 1400},
    {"cilium_routing": "geneve", **WITHOUT_PROXY, "cilium_lb_mode": "hybrid", "cilium_lb_dispatch": "geneve"},
    {"cilium_ipam": "multi-pool", **BPF, "cilium_pools": [GREEN], "cilium_datapath": "netkit"},
    {"cilium_ipam": "kubernetes", "cilium_encryption": "ipsec", "cilium_api_servers": [], "cilium_masquerade": "off"},
    {**WITHOUT_PROXY, "cilium_lb_pools": [POOL], "cilium_l2_announcements": [LAN], "cilium_bgp": BGP,
     "cilium_api_servers": ["https://10.9.0.1:6443"], "cilium_encryption": "wireguard", "cilium_encrypt_nodes": True},
    {"ip_families": "dual", **NATIVE},
    {**BPF, **ENVOY, "cilium_ingress": True, "cilium_gateway_api": True, "cilium_bandwidth_manager": "bbr"},
    {"cilium_mutual_authentication": True, "cilium_host_firewall": True, "cilium_cluster_id": 0, "hubble_ui": True,
     "hubble_metrics": ["dns", "drop"], "hubble_tls": "cronJob", "cilium_more_pod_cidrs": ["100.64.0.0/16"]},
    {**MESH, "cilium_mesh": [BETA, GAMMA]},
    {"cilium_l7_proxy": True, "hubble_tls": "certmanager", "cilium_extra_values": ISSUER, "cilium_policy": "always"},
]  # fmt: skip


@pytest.mark.parametrize("changes", ACCEPTED, ids=range(len(ACCEPTED)))
def test_the_chart_accepts_them(rendered, changes):
    spec = ClusterSpec.load(changes)
    found = rendered(spec)
    assert (("Deployment", "hubble-relay") in found) is (spec.hubble and spec.hubble_relay)
    assert (("DaemonSet", "cilium-envoy") in found) is spec.cilium_envoy
    config = found["ConfigMap", "cilium-config"]["data"]
    assert config["routing-mode"] == ("native" if spec.cilium_routing == "native" else "tunnel")
    assert config["ipam"] == spec.cilium_ipam
    assert config["bpf-lb-mode"] == spec.cilium_lb_mode
    assert config["kube-proxy-replacement"] == str(spec.cilium_replaces_kube_proxy).lower()


def test_the_relay_looks_the_agents_up_in_the_clusters_own_domain(rendered):
    found = rendered(ClusterSpec(dns_domain="lab.example"))
    config = yaml.safe_load(found["ConfigMap", "hubble-relay-config"]["data"]["config.yaml"])
    assert config["peer-service"] == "hubble-peer.kube-system.svc.lab.example.:443"


@pytest.mark.parametrize("what", [("DaemonSet", "cilium"), ("Deployment", "cilium-operator")], ids=str)
def test_a_changed_configuration_restarts_agents_and_operator(rendered, what):
    marks = [rendered(spec)[what]["spec"]["template"]["metadata"]["annotations"] for spec in (SPEC, REPLACED)]
    assert marks[0]["cilium.io/cilium-configmap-checksum"] != marks[1]["cilium.io/cilium-configmap-checksum"]


def test_a_mesh_is_a_server_of_its_own_and_agents_do_not_restart_for_it(rendered):
    alone, meshed = (rendered(ClusterSpec.load(choices)) for choices in ({"cilium_cluster_id": 1}, MESH))
    for what in (("ConfigMap", "cilium-config"), ("DaemonSet", "cilium"), ("Deployment", "cilium-operator")):
        assert alone[what] == meshed[what]
    assert {name for _, name in meshed.keys() - alone.keys()} >= {"clustermesh-apiserver"}
    (port,) = meshed["Service", "clustermesh-apiserver"]["spec"]["ports"]
    assert (port["port"], port["nodePort"]) == (2379, 32379)
    pod = meshed["Deployment", "clustermesh-apiserver"]["spec"]["template"]["spec"]
    assert {one["image"].partition("@")[0] for one in pod["containers"]} == {
        "quay.io/cilium/clustermesh-apiserver:clustermesh-apiserver-tag"
    }
    # They are kubestead's own, or Helm would take them away.
    assert not {("Secret", "cilium-clustermesh"), ("Secret", "cilium-kvstoremesh")} & meshed.keys()
    certificate = base64.b64decode(meshed["Secret", "clustermesh-apiserver-server-cert"]["data"]["tls.crt"])
    names = x509.load_pem_x509_certificate(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert IPv4Address(MESH["cilium_mesh_addresses"][0]) in names.value.get_values_for_type(x509.IPAddress)


def values(**choices):
    return cilium_values(ClusterSpec.load(choices), CATALOG, 3)


def test_native_routing_needs_no_tunnel_and_says_what_is_never_masqueraded():
    native = values(cilium_routing="native")
    assert native["routingMode"] == "native"
    assert native["ipv4NativeRoutingCIDR"] == "10.0.0.0/8"
    assert native["autoDirectNodeRoutes"] is True
    assert "tunnelProtocol" not in native
    assert values(cilium_routing="native", cilium_native_cidr="8.0.0.0/6")["ipv4NativeRoutingCIDR"] == "8.0.0.0/6"
    assert "ipv4NativeRoutingCIDR" not in values()


def test_answers_by_geneve_need_its_device_though_routing_is_native():
    dsr = values(**WITHOUT_PROXY, **NATIVE, cilium_lb_mode="dsr", cilium_lb_dispatch="geneve")
    assert (dsr["routingMode"], dsr["tunnelProtocol"]) == ("native", "geneve")


def test_the_pool_grows_at_its_end():
    pool = values(cilium_more_pod_cidrs=["100.64.0.0/16"])["ipam"]["operator"]["clusterPoolIPv4PodCIDRList"]
    assert pool == ["10.0.0.0/8", "100.64.0.0/16"]
    pools = values(cilium_ipam="multi-pool", **BPF, cilium_pools=[GREEN])["ipam"]["operator"]
    assert pools == {
        "autoCreateCiliumPodIPPools": {
            "default": {"ipv4": {"cidrs": ["10.0.0.0/8"], "maskSize": 24}},
            "green": {"ipv4": {"cidrs": ["100.64.0.0/16"], "maskSize": 27}},
        }
    }
    assert values(cilium_ipam="kubernetes")["ipam"] == {"mode": "kubernetes"}


def test_ipsecs_keys_have_a_fixed_name():
    assert values(cilium_encryption="ipsec")["encryption"] == {
        "enabled": True, "type": "ipsec", "nodeEncryption": False, "ipsec": {"secretName": "cilium-ipsec-keys"}
    }  # fmt: skip
    assert values()["encryption"] == {"enabled": False}


def test_names_are_looked_up_without_envoy():
    dns = values(cilium_l7_proxy=True)
    assert (dns["l7Proxy"], dns["envoy"], dns["disableEnvoyVersionCheck"]) == (True, {"enabled": False}, True)
    whole = values(**ENVOY)
    assert whole["envoy"]["enabled"] is True
    assert whole["envoy"]["image"]["digest"] == "sha256:" + "b" * 64
    assert "disableEnvoyVersionCheck" not in whole


def test_optional_parts_are_pinned_by_the_catalog(rendered):
    spec = ClusterSpec.load({"hubble_ui": True, "hubble_tls": "cronJob", "cilium_mutual_authentication": True, **ENVOY})
    images = set(re.findall(r"image: \"?(\S+?)\"?$", yaml.safe_dump(list(rendered(spec).values())), re.MULTILINE))
    assert len(images) > 8
    assert all("@sha256:" in image for image in images), images


def test_both_families_have_their_pools():
    assert "ipv6" not in values()
    dual = values(ip_families="dual", cilium_routing="native")
    assert dual["ipv6"] == {"enabled": True}
    assert dual["ipam"]["operator"]["clusterPoolIPv6PodCIDRList"] == ["fd00:10::/48"]
    assert dual["ipam"]["operator"]["clusterPoolIPv6MaskSize"] == 64
    assert (dual["enableIPv6Masquerade"], dual["ipv6NativeRoutingCIDR"]) == (True, "fd00:10::/48")


def images_in(values):
    """Every image a chart's values name, by repository."""
    if isinstance(values, dict):
        if {"repository", "tag", "digest"} <= values.keys():
            yield values["repository"], values
        for below in values.values():
            yield from images_in(below)


def test_upstreams_catalog_pins_what_the_chart_itself_names():
    named = dict(images_in(read_chart(newest(CHART)).values))
    pinned = Catalog.load(UPSTREAM).images
    for name in OPTIONAL:
        assert (pinned[name].tag, f"sha256:{pinned[name].sha256}") == (named[name]["tag"], named[name]["digest"])
