"""``cilium_extra_values``: what has a key of its own, what older charts called otherwise, keys with dots."""

import pytest

from kubestead.cilium.extravalues import OLD, extra_findings
from kubestead.cilium.typed import TYPED
from kubestead.errors import InvalidInput
from kubestead.spec import ClusterSpec
from kubestead.spec.loading import CLUSTER_KEYS
from tests.unit.cilium.examples import extra


def found(values):
    return [(finding.where, finding.reason, finding.fix) for finding in extra_findings(values)]


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("routingMode", "native", 'cilium_routing = "native"'),
        ("tunnelProtocol", "geneve", 'cilium_routing = "geneve"'),
        ("MTU", 1400, "cilium_mtu = 1400"),
        ("ipv4NativeRoutingCIDR", "10.0.0.0/8", 'cilium_native_cidr = "10.0.0.0/8"'),
        ("autoDirectNodeRoutes", False, "cilium_node_routes = False"),
        ("ipam.mode", "kubernetes", 'cilium_ipam = "kubernetes"'),
        ("kubeProxyReplacement", "true", 'kube_proxy = "replace"'),
        ("kubeProxyReplacement", False, 'kube_proxy = "keep"'),
        ("hubble.enabled", False, "hubble = False"),
        ("hubble.relay.enabled", True, "hubble_relay = True"),
        ("hubble.metrics.enabled", ["dns"], 'hubble_metrics = ["dns"]'),
        ("loadBalancer.mode", "dsr", 'cilium_lb_mode = "dsr"'),
        ("encryption.enabled", False, 'cilium_encryption = "none"'),
        ("bpf.masquerade", True, 'cilium_masquerade = "bpf"'),
        ("enableIPv4Masquerade", False, 'cilium_masquerade = "off"'),
        ("bandwidthManager.enabled", True, 'cilium_bandwidth_manager = "on"'),
        ("ipam.operator.clusterPoolIPv4PodCIDRList", ["10.1.0.0/16"], 'pod_cidr = "10.1.0.0/16"'),
        (
            "ipam.operator.clusterPoolIPv4PodCIDRList",
            ["10.1.0.0/16", "10.2.0.0/16"],
            'pod_cidr = "10.1.0.0/16" and cilium_more_pod_cidrs = ["10.2.0.0/16"]',
        ),
        ("k8s.apiServerURLs", "https://a:1 https://b:2", 'cilium_api_servers = ["https://a:1", "https://b:2"]'),
    ],
)
def test_a_value_with_a_key_of_its_own_is_refused_with_the_line(path, value, line):
    ((where, reason, fix),) = found(extra(path, value)["cilium_extra_values"])
    assert where == f"cilium_extra_values.{path}"
    assert reason.startswith("has a key of its own, ")
    assert fix == f"write {line} in its place"


def test_both_halves_of_a_key_lead_to_the_same_line():
    told = found({"encryption": {"enabled": True, "type": "wireguard"}})
    assert {fix for _, _, fix in told} == {'write cilium_encryption = "wireguard" in its place'}
    assert len(told) == 2


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("tunnel", "disabled", 'cilium_routing = "native"'),
        ("tunnel", "vxlan", 'cilium_routing = "vxlan"'),
        ("tunnel", "geneve", 'cilium_routing = "geneve"'),
        ("kubeProxyReplacement", "strict", 'kube_proxy = "replace"'),
        ("kubeProxyReplacement", "disabled", 'kube_proxy = "keep"'),
        ("nativeRoutingCIDR", "10.0.0.0/8", 'cilium_native_cidr = "10.0.0.0/8"'),
        ("ipam.operator.clusterPoolIPv4PodCIDR", "10.0.0.0/8", 'pod_cidr = "10.0.0.0/8"'),
        ("masquerade", False, 'cilium_masquerade = "off"'),
        ("nodePort.mode", "dsr", 'cilium_lb_mode = "dsr"'),
    ],
)
def test_a_form_of_older_charts_leads_to_todays_key(path, value, line):
    ((_, reason, fix),) = found(extra(path, value)["cilium_extra_values"])
    assert reason.startswith("is a form of older charts, and has a key of its own")
    assert fix == f"write {line} in its place"


@pytest.mark.parametrize("word", ["partial", "probe"])
def test_words_that_meant_something_between_are_asked_about(word):
    ((_, reason, fix),) = found({"kubeProxyReplacement": word})
    assert "older charts" in reason
    assert fix == 'write kube_proxy = "replace" or "keep"'


@pytest.mark.parametrize("path", sorted(OLD))
def test_what_was_taken_out_of_the_chart_is_refused(path):
    ((where, reason, fix),) = found(extra(path, "x")["cilium_extra_values"])
    assert (where, reason, fix) == (f"cilium_extra_values.{path}", "is not in the chart any more", OLD[path])


def test_metallbs_bgp_of_older_charts():
    ((_, reason, fix),) = found({"bgp": {"enabled": True, "announce": {"loadbalancerIP": True}}})
    assert "older charts" in reason
    assert "cilium_bgp" in fix


@pytest.mark.parametrize(
    ("key", "value", "fix"),
    [
        ("hubble.relay.enabled", True, "write hubble_relay = True in its place"),
        ("hubble.metrics.enabled", "{dns,drop}", 'write hubble_metrics = ["dns", "drop"] in its place'),
        ("bpf.events.trace.enabled", False,
         'write cilium_extra_values = {"bpf": {"events": {"trace": {"enabled": False}}}}'),
        ("hubble.relay.dialTimeout", "5s", "leave it out"),
    ],
)  # fmt: skip
def test_keys_as_helms_set_takes_them(key, value, fix):
    ((where, reason, told),) = found({key: value})
    assert where == f"cilium_extra_values.{key}"
    assert "one key with dots" in reason
    assert told == fix


@pytest.mark.parametrize("value", [None, True, "on", []])
def test_what_would_take_a_key_away_from_above_is_refused_once(value):
    ((where, reason, _),) = found({"hubble": value})
    assert where == "cilium_extra_values.hubble"
    assert "hubble" in reason


@pytest.mark.parametrize(
    "values",
    [
        {"cluster": {"name": "default"}},
        {"securityContext": {"capabilities": {"ciliumAgent": ["CHOWN"]}}},
        {"bpf": {"events": {"trace": {"enabled": False}}}},
        {"nodeSelector": {"kubernetes.io/os": "linux"}, "podAnnotations": {"example.org/a": "b"}},
        {"hubble": {"relay": {"replicas": 2}}, "ipv6": {"enabled": False}},
    ],
)
def test_what_has_no_key_passes(values):
    assert found(values) == []
    assert ClusterSpec.load({"cilium_extra_values": values}).cilium_extra_values == values


def test_they_are_told_with_everything_else_where_they_were_written():
    places = {"cilium_extra_values": "site.yaml:4: overrides.cilium_extra_values"}
    with pytest.raises(InvalidInput) as error:
        ClusterSpec.load({**extra("routingMode", "native"), "cilium_masquerade": "bpf", "kubestead_where": places})
    assert {finding.where for finding in error.value.findings} == {
        "group_data/all.py: cilium_masquerade", "site.yaml:4: overrides.cilium_extra_values.routingMode"
    }  # fmt: skip


def test_every_key_is_one_of_the_spec():
    assert {typed.key for typed in TYPED} <= CLUSTER_KEYS
