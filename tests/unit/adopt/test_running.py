"""What the fact prints, read; and whose endpoint it is."""

from dataclasses import replace

import pytest

from kubestead.adopt.running import RunningCluster, parse
from tests.unit.adopt.running import PLAIN, stored

RECORD = {
    "info": {"status": "deployed"},
    "config": {"hubble": {"enabled": False}},
    "chart": {"metadata": {"version": "1.18.4"}, "values": {"hubble": {"enabled": True}}},
}
MARKS = '{"meta.helm.sh/release-name":"cilium","meta.helm.sh/release-namespace":"kube-system"}'


def test_no_control_plane_is_no_cluster():
    assert parse([]) is None


def test_an_api_that_is_silent_is_not_a_cluster_without_anything():
    assert parse(["built-here", "server\thttps://k8s-api:6443"]) == RunningCluster(
        built_here=True, server="https://k8s-api:6443"
    )


def test_everything_is_read():
    cluster = parse(
        [
            "cilium-kept-here",
            "server\thttps://192.168.1.187:6443",
            "cni\t05-cilium.conflist\tcilium-cni",
            "answers",
            'object\tConfigMap/kubeadm-config\t{"ClusterConfiguration":"clusterName: lab\\nproxy: {}\\n"}\t\t',
            'object\tConfigMap/cilium-config\t{"ipam":"cluster-pool"}\t\t',
            "object\tDaemonSet/kube-proxy\t\t{}\tregistry.k8s.io/kube-proxy:v1.31.13",
            f"object\tDaemonSet/cilium\t\t{MARKS}\tquay.io/cilium/cilium:v1.18.4@sha256:{'a' * 64}",
            f"helm\t{stored(RECORD)}",
        ]
    )
    assert cluster
    assert cluster.answers
    assert cluster.cilium_kept_here
    assert not cluster.built_here
    assert cluster.configuration == {"clusterName": "lab", "proxy": {}}
    assert cluster.kube_proxy
    assert cluster.cilium == {"ipam": "cluster-pool"}
    assert (cluster.cilium_version, cluster.cilium_release) == ("1.18.4", ("cilium", "kube-system"))
    assert cluster.network_plugins == (("05-cilium.conflist", "cilium-cni"),)
    assert cluster.record
    assert cluster.record.values == {"hubble": {"enabled": False}}
    assert cluster.record.defaults == {"hubble": {"enabled": True}}
    assert (cluster.record.status, cluster.record.chart_version) == ("deployed", "1.18.4")


def test_a_bare_cluster_has_no_cilium_and_no_release():
    cluster = parse(["answers", 'object\tConfigMap/kubeadm-config\t{"ClusterConfiguration":"{}"}\t\t', "helm\t"])
    assert cluster
    assert (cluster.cilium, cluster.has_agent, cluster.record, cluster.kube_proxy) == (None, False, None, False)
    assert cluster.configuration == {}


def test_an_agent_of_plain_manifests_belongs_to_no_release():
    cluster = parse(["answers", "object\tDaemonSet/cilium\t\t\tcilium:latest"])
    assert cluster
    assert (cluster.has_agent, cluster.cilium_release, cluster.cilium_version) == (True, None, "latest")


@pytest.mark.parametrize(
    ("configured", "server", "endpoint"),
    [
        (None, "https://192.168.1.187:6443", "192.168.1.187:6443"),
        ("k8s-api:6443", "https://k8s-api:6443", "k8s-api:6443"),
        ("k8s-api:8443", "https://192.168.1.187:6443", "k8s-api:8443"),
        ("k8s-api", "https://k8s-api:7443", "k8s-api:7443"),
        ("k8s-api", None, "k8s-api:6443"),
        (None, None, None),
    ],
)
def test_the_endpoint(configured, server, endpoint):
    cluster = replace(PLAIN, configuration={"controlPlaneEndpoint": configured}, server=server)
    assert cluster.endpoint == endpoint


def test_pools_that_were_asked_for():
    config = 'object\tConfigMap/cilium-config\t{"ipam":"multi-pool"}\t\t'
    cluster = parse(["answers", config, "podpools", "podpool\tdefault\t24\t10.0.0.0/8 10.200.0.0/16"])
    assert cluster
    assert cluster.pod_pools == (("default", "24", "10.0.0.0/8 10.200.0.0/16"),)
    assert parse(["answers", config]).pod_pools is None
    assert parse(["answers", config, "podpools", ""]).pod_pools == ()
