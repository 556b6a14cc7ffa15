"""kubeadm's configuration files: they parse, whatever the names are, and say what was meant."""

import pytest
import yaml

from kubestead.phases.control_plane import init_configuration
from kubestead.render import render
from kubestead.spec import ClusterSpec

SPEC = ClusterSpec()
REPLACED = ClusterSpec(kube_proxy="replace", kubelet_config={"maxPods": 50}, extra_cert_sans=["api.example.org"])


def documents(spec, name="k8s-cp", address="192.168.1.187"):
    found = list(yaml.safe_load_all(init_configuration(spec, name, address)))
    assert all(document["apiVersion"] for document in found)
    return {document["kind"]: document for document in found}


def test_kubeadm_init_says_who_and_where():
    init, cluster = (documents(SPEC)[kind] for kind in ("InitConfiguration", "ClusterConfiguration"))
    assert {init["apiVersion"], cluster["apiVersion"]} == {"kubeadm.k8s.io/v1beta4"}
    assert init["localAPIEndpoint"] == {"advertiseAddress": "192.168.1.187", "bindPort": 6443}
    registration = init["nodeRegistration"]
    assert registration["name"] == "k8s-cp"
    assert registration["kubeletExtraArgs"] == [{"name": "node-ip", "value": "192.168.1.187"}]
    assert cluster["clusterName"] == "lab"
    assert cluster["kubernetesVersion"] == "v1.31.13"
    assert cluster["controlPlaneEndpoint"] == "k8s-api:6443"
    assert cluster["apiServer"]["certSANs"] == ["k8s-api", "192.168.1.187"]
    assert cluster["networking"] == {
        "podSubnet": "10.0.0.0/8", "serviceSubnet": "172.20.0.0/16", "dnsDomain": "cluster.local"
    }  # fmt: skip


def test_kubeadm_leaves_pod_addresses_to_cilium():
    manager = documents(SPEC)["ClusterConfiguration"]["controllerManager"]
    assert manager["extraArgs"] == [{"name": "allocate-node-cidrs", "value": "false"}]


def test_kubeadms_own_token_is_gone_at_once():
    (token,) = documents(SPEC)["InitConfiguration"]["bootstrapTokens"]
    assert token["ttl"] == "1m0s"
    assert "token" not in token


def test_kube_proxy_is_kept():
    found = documents(SPEC)
    assert found["KubeProxyConfiguration"]["apiVersion"] == "kubeproxy.config.k8s.io/v1alpha1"
    assert found["ClusterConfiguration"]["proxy"] == {"disabled": False}
    assert "skipPhases" not in found["InitConfiguration"]
    assert found["KubeletConfiguration"]["cgroupDriver"] == "systemd"


def test_kube_proxy_is_replaced_and_an_upgrade_does_not_bring_it_back():
    found = documents(REPLACED)
    assert "KubeProxyConfiguration" not in found
    assert found["ClusterConfiguration"]["proxy"] == {"disabled": True}
    assert found["InitConfiguration"]["skipPhases"] == ["addon/kube-proxy"]


def test_the_operators_settings_come_through():
    found = documents(REPLACED)
    assert found["KubeletConfiguration"]["maxPods"] == 50
    assert "api.example.org" in found["ClusterConfiguration"]["apiServer"]["certSANs"]
    spec = ClusterSpec(kube_proxy_config={"mode": "nftables"}, kubeadm_ignore_preflight_errors=["NumCPU"])
    assert documents(spec)["KubeProxyConfiguration"]["mode"] == "nftables"
    assert documents(spec)["InitConfiguration"]["nodeRegistration"]["ignorePreflightErrors"] == ["NumCPU"]


TOKEN = "123456.1234567890123456"  # noqa: S105 - a number to a careless YAML reader


@pytest.mark.parametrize("name", ["k8s-worker1", "1e3", "on", "10"])
def test_kubeadm_join_says_whom_to_trust_and_who_comes(name):
    text = render(
        "kubeadm-join.yaml.j2", spec=SPEC, node_name=name, node_address="192.168.1.61", token=TOKEN,
        ca_cert_hash="sha256:ab",
    )  # fmt: skip
    join = yaml.safe_load(text)
    assert join["discovery"]["bootstrapToken"] == {
        "apiServerEndpoint": "k8s-api:6443", "token": TOKEN, "caCertHashes": ["sha256:ab"]
    }  # fmt: skip
    assert join["nodeRegistration"]["name"] == name
    assert join["nodeRegistration"]["kubeletExtraArgs"] == [{"name": "node-ip", "value": "192.168.1.61"}]
    assert documents(SPEC, name)["InitConfiguration"]["nodeRegistration"]["name"] == name


def test_a_join_token_lives_as_long_as_it_is_told():
    text = render("kubeadm-token.yaml.j2", token=TOKEN, ttl_minutes=7)
    (token,) = yaml.safe_load(text)["bootstrapTokens"]
    assert (token["token"], token["ttl"]) == (TOKEN, "7m0s")
    assert token["groups"] == ["system:bootstrappers:kubeadm:default-node-token"]


def test_kubernetes_hands_out_pod_addresses_where_it_shall():
    spec = ClusterSpec(cilium_ipam="kubernetes", pod_cidr_mask_size=25)
    manager = documents(spec)["ClusterConfiguration"]["controllerManager"]
    assert manager["extraArgs"] == [{"name": "node-cidr-mask-size", "value": "25"}]


def test_both_families_have_their_networks():
    found = documents(ClusterSpec(ip_families="dual"))["ClusterConfiguration"]
    assert found["networking"]["podSubnet"] == "10.0.0.0/8,fd00:10::/48"
    assert found["networking"]["serviceSubnet"] == "172.20.0.0/16,fd00:96::/112"
    spec = ClusterSpec(ip_families="dual", cilium_ipam="kubernetes")
    arguments = documents(spec)["ClusterConfiguration"]["controllerManager"]["extraArgs"]
    assert arguments == [
        {"name": "node-cidr-mask-size-ipv4", "value": "24"}, {"name": "node-cidr-mask-size-ipv6", "value": "64"}
    ]  # fmt: skip
