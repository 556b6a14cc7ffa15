"""The spec against a running cluster: what must agree, each with the line to write, and what cannot be looked after."""

from dataclasses import replace

import pytest

from kubestead.adopt import compare
from kubestead.phases.cilium import cilium_values
from kubestead.spec import ClusterSpec
from tests.fixtures.catalog import catalog
from tests.unit.adopt.running import LINES, PLAIN, with_cilium


def findings(running, places=None, **values):
    spec = ClusterSpec.load({**LINES, **values})
    found = compare("k8s-cp", spec, cilium_values(spec, catalog(), nodes=2), running, places or {})
    return [finding for finding in found if finding.severity == "error"]


def configured(**changes):
    return replace(PLAIN, configuration={**PLAIN.configuration, **changes})


def networking(**changes):
    return configured(networking={**PLAIN.configuration["networking"], **changes})


def test_with_the_lines_written_nothing_is_left_to_say():
    assert findings(PLAIN) == []


def test_a_plain_cluster_against_the_defaults():
    spec = ClusterSpec()
    found = compare("k8s-cp", spec, cilium_values(spec, catalog(), nodes=2), PLAIN, {})
    assert [(finding.where.partition(": ")[2], finding.fix) for finding in found if finding.severity == "error"] == [
        ("cluster_name", 'write: cluster_name = "kubernetes"'),
        ("control_plane_endpoint", 'write: control_plane_endpoint = "192.168.1.187:6443"'),
        ("service_cidr", 'write: service_cidr = "10.96.0.0/12"'),
        ("cilium_extra_values.cluster.name", 'write: cilium_extra_values = {"cluster": {"name": "default"}}'),
    ]


@pytest.mark.parametrize(
    ("running", "key", "value", "fix"),
    [
        (networking(serviceSubnet="172.30.0.0/16"), "service_cidr", "10.96.0.0/12", '"172.30.0.0/16"'),
        (networking(dnsDomain="lab.example"), "dns_domain", "cluster.local", '"lab.example"'),
        (configured(clusterName="prod"), "cluster_name", "kubernetes", '"prod"'),
        (configured(controlPlaneEndpoint="api:1"), "control_plane_endpoint", "192.168.1.187:6443", '"api:1"'),
        (with_cilium(cluster_pool_ipv4_cidr="10.244.0.0/16"), "pod_cidr", "10.0.0.0/8", '"10.244.0.0/16"'),
        (with_cilium(cluster_pool_ipv4_mask_size="25"), "pod_cidr_mask_size", 24, "25"),
    ],
)  # fmt: skip
def test_what_cannot_be_changed_is_refused_with_the_line_to_write(running, key, value, fix):
    (finding,) = findings(running)
    assert finding.where == f"group_data/all.py: {key}"
    assert finding.value == value
    assert finding.reason.startswith("the running cluster has ")
    assert finding.reason.endswith("and it cannot be changed in place")
    assert finding.fix == f"write: {key} = {fix}"


def test_kube_proxy_is_switched_by_a_deploy_of_its_own():
    (finding,) = findings(replace(PLAIN, kube_proxy=False))
    assert finding.where == "group_data/all.py: kube_proxy"
    assert finding.fix == 'write: kube_proxy = "replace"; to change it: pyinfra INVENTORY deploys/cilium.py'
    spec = ClusterSpec.load(LINES)
    values = cilium_values(spec, catalog(), nodes=2)
    found = compare("k8s-cp", spec, values, replace(PLAIN, kube_proxy=False), {}, switching=True)
    assert [one for one in found if one.severity == "error"] == []


def test_kubeadms_own_defaults_stand_where_it_says_nothing():
    running = replace(PLAIN, configuration={"kubernetesVersion": "v1.31.13"})
    assert findings(running) == []


def test_another_version_is_an_upgrade():
    (finding,) = findings(configured(kubernetesVersion="v1.31.9"))
    assert "runs 1.31.9; changing it is an upgrade, which kubestead cannot do yet" in finding.reason
    assert finding.fix == 'write: kubernetes_version = "1.31.9"'


@pytest.mark.parametrize(
    ("running", "words"),
    [
        (configured(kubernetesVersion="v1.29.4"), "kubernetes_version 1.29.4 is not a release this kubestead knows"),
        (networking(serviceSubnet="fd00::/108"), "service_cidr fd00::/108 is not an IPv4 network"),
        (replace(PLAIN, server="https://[fd00::1]:6443"), "control_plane_endpoint [fd00::1]:6443 is an IPv6 address"),
    ],
)  # fmt: skip
def test_a_cluster_whose_value_the_spec_cannot_take_is_refused_in_words(running, words):
    (finding,) = findings(running)
    assert finding.fix.startswith(f"kubestead cannot look after this cluster: {words}")


def test_both_families_are_told_by_their_keys():
    found = findings(networking(serviceSubnet="10.96.0.0/12,fd00::/108"))
    assert [finding.fix for finding in found] == [
        'write: ip_families = "dual"', 'write: service_cidr_v6 = "fd00::/108"'
    ]  # fmt: skip
    dual = {"ip_families": "dual", "service_cidr_v6": "fd00::/108"}
    assert findings(networking(serviceSubnet="fd00::/108,10.96.0.0/12"), **dual) == []


def test_the_pod_network_is_kubeadms_where_cilium_has_no_pool_of_its_own():
    bare = replace(networking(podSubnet="10.244.0.0/16"), cilium=None, has_agent=False,
                   cilium_release=None, record=None, network_plugins=())  # fmt: skip
    (finding,) = findings(bare)
    assert finding.fix == 'write: pod_cidr = "10.244.0.0/16"'
    assert findings(replace(bare, configuration=PLAIN.configuration)) == []


def test_a_key_a_site_file_overrides_is_to_be_written_there():
    places = {"service_cidr": "site.yaml:9: overrides.service_cidr"}
    (finding,) = findings(PLAIN, places, service_cidr="172.20.0.0/16")
    assert finding.where == "site.yaml:9: overrides.service_cidr"
    assert finding.fix == 'write there: service_cidr: "10.96.0.0/12"'


@pytest.mark.parametrize(("ours", "severity"), [({}, "error"), ({"built_here": True}, "warning"),
                                                ({"cilium_kept_here": True}, "warning")])  # fmt: skip
def test_a_silent_api_stops_the_run_only_where_the_cluster_was_never_ours(ours, severity):
    silent = replace(PLAIN, answers=False, configuration=None, **ours)
    (finding,) = compare("k8s-cp", ClusterSpec(), {}, silent, {})
    assert (finding.where, finding.severity) == ("k8s-cp: API", severity)


def test_a_cluster_that_is_not_kubeadms_is_refused():
    (finding,) = findings(replace(PLAIN, configuration=None))
    assert "was not made by kubeadm" in finding.reason


@pytest.mark.parametrize(
    ("release", "words"), [(None, "was not installed by Helm"), (("net", "cilium"), "is another Helm release")]
)
def test_a_cilium_that_is_not_our_helm_release_is_refused(release, words):
    (finding,) = findings(replace(PLAIN, cilium_release=release))
    assert finding.where == "k8s-cp: Cilium"
    assert words in finding.reason


@pytest.mark.parametrize(
    ("file", "plugin", "words"),
    [
        ("10-flannel.conflist", "flannel", "is flannel's"),
        ("05-cilium.conflist", "cilium-cni", "is Cilium's, but Cilium does not run in kube-system"),
        ("10-x.conf", "", "is no plugin's"),
    ],
)
def test_another_network_is_refused(file, plugin, words):
    (finding,) = findings(replace(PLAIN, cilium=None, has_agent=False, network_plugins=((file, plugin),)))
    assert (finding.where, finding.value) == ("k8s-cp: network plugin", f"/etc/cni/net.d/{file}")
    assert words in finding.reason
    assert f"rm /etc/cni/net.d/{file}" in finding.fix


def test_a_cluster_that_waits_for_its_network_is_taken():
    waiting = replace(PLAIN, cilium=None, has_agent=False, cilium_release=None, record=None,
                      network_plugins=(("99-loopback.conf", "loopback"),))  # fmt: skip
    assert findings(waiting) == []


def test_a_file_of_another_plugin_beside_a_running_cilium_is_nothing():
    """Cilium's cni.exclusive renames them."""
    assert findings(replace(PLAIN, network_plugins=(("10-flannel.conflist", "flannel"),))) == []
