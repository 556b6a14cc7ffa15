"""Cilium's values against the Cilium that runs: what is fixed, what would get lost, what is only told."""

import json
from dataclasses import replace

import pytest

from kubestead.adopt.cilium import cilium_findings
from kubestead.adopt.running import HelmRecord
from kubestead.phases.cilium import cilium_values
from kubestead.spec import ClusterSpec
from kubestead.spec.loading import CLUSTER_KEYS
from tests.fixtures.catalog import catalog
from tests.unit.adopt.running import DEFAULTS, LINES, PLAIN, with_cilium

BPF = {"kube_proxy": "replace", "cilium_masquerade": "bpf"}
STRAIGHT = {"kube_proxy": "replace", "cilium_routing": "native"}


def of(spec, running, places=None, switching=False):
    return list(cilium_findings(spec, cilium_values(spec, catalog(), nodes=2), running, places or {}, switching))


def findings(running, places=None, switching=False, **values):
    return of(ClusterSpec.load({**LINES, **values}), running, places, switching)


def errors(running, **values):
    return [finding for finding in findings(running, **values) if finding.severity == "error"]


def without_proxy(**runs):
    return replace(with_cilium(kube_proxy_replacement="true", **runs), kube_proxy=False)


def with_values(values, **changes):
    return replace(PLAIN, record=HelmRecord("deployed", "1.18.4", values, DEFAULTS), **changes)


@pytest.mark.parametrize(
    ("running", "key", "now", "beside"),
    [
        (with_cilium(ipam="kubernetes"), "cilium_ipam", "kubernetes", {}),
        (without_proxy(datapath_mode="netkit", enable_bpf_masquerade="true"), "cilium_datapath", "netkit", BPF),
        (with_cilium(cluster_id="7"), "cilium_cluster_id", 7, {}),
    ],
)
def test_a_fixed_value_is_refused_with_its_key(running, key, now, beside):
    (finding,) = errors(running, **beside)
    assert finding.where == f"group_data/all.py: {key}"
    assert finding.fix == f"write: {key} = {json.dumps(now)}"
    assert finding.reason == f"the running cluster has {now}, and it cannot be changed in place"
    switched = findings(running, switching=True, **beside)
    assert [one.where for one in switched if one.severity == "error"] == [finding.where]
    spec = ClusterSpec.model_validate({**LINES, **beside, key: now}, context={"unsure": CLUSTER_KEYS})
    assert [one for one in of(spec, running) if one.severity == "error"] == []


def test_a_fixed_value_without_a_key_is_refused_with_the_whole_line():
    running = with_cilium(cluster_name="other")
    (finding,) = errors(running)
    assert finding.where == "group_data/all.py: cilium_extra_values.cluster.name"
    assert finding.fix == 'write: cilium_extra_values = {"cluster": {"name": "other"}}'
    assert errors(running, cilium_extra_values={"cluster": {"name": "other"}}) == []


@pytest.mark.parametrize(
    ("running", "key", "now", "beside"),
    [
        (with_cilium(routing_mode="native"), "cilium_routing", "native", {}),
        (with_cilium(routing_mode="native", auto_direct_node_routes="true"), "cilium_routing", "native", {}),
        (with_cilium(tunnel_protocol="geneve"), "cilium_routing", "geneve", {}),
        (without_proxy(enable_bpf_masquerade="true"), "cilium_masquerade", "bpf", {"kube_proxy": "replace"}),
        (with_cilium(enable_ipv4_masquerade="false"), "cilium_masquerade", "off", {}),
        (without_proxy(bpf_lb_mode="dsr", routing_mode="native"), "cilium_lb_mode", "dsr", STRAIGHT),
        (with_cilium(enable_host_firewall="true"), "cilium_host_firewall", True, {}),
        (with_cilium(enable_l7_proxy="true"), "cilium_l7_proxy", True, {}),
    ],
)
def test_what_interrupts_traffic_is_not_done_in_passing(running, key, now, beside):
    (finding,) = errors(running, **beside)
    assert finding.where == f"group_data/all.py: {key}"
    line = f"{key} = {now!r}".replace("'", '"')
    assert finding.fix == f"write: {line}; to change it: pyinfra INVENTORY deploys/cilium.py"
    assert finding.reason.endswith(", and deploys/cluster.py does not change it in passing")
    spec = ClusterSpec.model_validate({**LINES, **beside, key: now}, context={"unsure": CLUSTER_KEYS})
    assert [one for one in of(spec, running) if one.severity == "error"] == []
    assert [one for one in findings(running, switching=True, **beside) if one.severity == "error"] == []


@pytest.mark.parametrize(
    "running",
    [with_cilium(bpf_lb_mode="dsr"), with_values({"loadBalancer": {"mode": "dsr"}})],
    ids=["it runs", "given by hand"],
)
def test_what_no_spec_can_say_is_switched_off(running):
    """DSR beside kube-proxy, which Cilium passes over: neither line would be taken."""
    (finding,) = errors(running)
    assert finding.where == "group_data/all.py: cilium_lb_mode"
    assert finding.fix == (
        "it cannot be kept, as it cannot be told through a VXLAN tunnel; "
        "to change it: pyinfra INVENTORY deploys/cilium.py"
    )
    assert [one for one in findings(running, switching=True) if one.severity == "error"] == []


def test_what_interrupts_traffic_and_has_no_key_is_not_done_in_passing_either():
    running = with_cilium(devices="eth0 eth1")
    extra = {"cluster": {"name": "default"}}
    (finding,) = errors(running, cilium_extra_values={**extra, "devices": ["eth0"]})
    assert finding.fix == (
        'write: cilium_extra_values = {"cluster": {"name": "default"}, "devices": ["eth0", "eth1"]}; '
        "to change it: pyinfra INVENTORY deploys/cilium.py"
    )
    assert errors(running, cilium_extra_values={**extra, "devices": ["eth0", "eth1"]}) == []


def test_what_follows_another_choice_is_told_with_it():
    runs = {"routing_mode": "tunnel", "auto_direct_node_routes": "false"}
    (finding,) = errors(with_cilium(**runs), cilium_routing="native")
    assert finding.where == "group_data/all.py: cilium_routing"
    runs["routing_mode"] = "native"
    (finding,) = errors(with_cilium(**runs), cilium_routing="native")
    assert finding.fix.startswith("write: cilium_node_routes = False; ")


def test_kube_proxy_and_two_families_are_compared_elsewhere():
    assert errors(with_cilium(kube_proxy_replacement="true", enable_ipv6="false"), ip_families="dual") == []


def test_the_protocol_of_a_tunnel_means_nothing_to_native_routing():
    running = with_cilium(routing_mode="native", tunnel_protocol="geneve")
    assert errors(running, cilium_routing="native") == []


def test_an_ipam_the_spec_does_not_have_is_refused_in_words():
    (finding,) = errors(with_cilium(ipam="eni"))
    assert finding.fix.startswith("kubestead cannot look after this cluster: cilium_ipam eni must be")


def test_several_are_told_one_by_one_and_one_line_holds_those_without_a_key():
    values = {"devices": "eth0", "ipv6": {"enabled": True}}
    first, second, third = errors(replace(with_cilium(routing_mode="native"), record=with_values(values).record))
    assert first.fix == 'write: cilium_routing = "native"; to change it: pyinfra INVENTORY deploys/cilium.py'
    assert second.fix == (
        'write: cilium_extra_values = {"cluster": {"name": "default"}, "devices": "eth0", "ipv6": {"enabled": True}}'
    )
    assert third.fix == "it is in the line above"


def test_a_pool_of_several_networks_is_two_keys():
    running = with_cilium(cluster_pool_ipv4_cidr="10.1.0.0/16 10.2.0.0/16")
    assert [finding.fix for finding in errors(running)] == [
        'write: pod_cidr = "10.1.0.0/16"', 'write: cilium_more_pod_cidrs = ["10.2.0.0/16"]'
    ]  # fmt: skip
    assert errors(running, pod_cidr="10.1.0.0/16", cilium_more_pod_cidrs=["10.2.0.0/16"]) == []
    assert errors(running, pod_cidr="10.1.0.0/16", cilium_more_pod_cidrs=["10.2.0.0/16", "10.3.0.0/16"]) == []


def test_a_pool_may_grow_at_its_end():
    assert errors(PLAIN, cilium_more_pod_cidrs=["100.64.0.0/10"]) == []
    (finding,) = errors(PLAIN, pod_cidr="100.64.0.0/10", cilium_more_pod_cidrs=["10.0.0.0/8"])
    assert finding.where == "group_data/all.py: pod_cidr"


def test_without_a_pool_of_its_own_pool_and_mask_say_nothing():
    running = with_cilium(ipam="kubernetes", cluster_pool_ipv4_cidr="1.0.0.0/8", cluster_pool_ipv4_mask_size="20")
    assert errors(running, cilium_ipam="kubernetes") == []


def test_values_given_by_hand_would_get_lost():
    running = with_values({"ipv6": {"enabled": True}, "bpf": {"tproxy": True}, "operator": {"replicas": 1}})
    found = errors(running)
    assert [finding.where.partition("cilium_extra_values.")[2] for finding in found] == ["ipv6.enabled", "bpf.tproxy"]
    assert "has True, which this run would set back to the chart's own value" in found[0].reason
    assert found[0].fix == (
        'write: cilium_extra_values = {"cluster": {"name": "default"}, "ipv6": {"enabled": True}, '
        '"bpf": {"tproxy": True}}'
    )


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"encryption": {"enabled": True, "type": "wireguard"}}, 'cilium_encryption = "wireguard"'),
        ({"hubble": {"metrics": {"enabled": ["dns", "drop"]}}}, 'hubble_metrics = ["dns", "drop"]'),
        ({"MTU": 1400}, "cilium_mtu = 1400"),
        ({"cluster": {"id": 7}}, "cilium_cluster_id = 7"),
    ],
)
def test_a_value_given_by_hand_that_has_a_key_is_refused_with_that_key(given, line):
    (finding,) = errors(with_values(given))
    assert finding.where == f"group_data/all.py: {line.partition(' ')[0]}"
    assert "given by hand; change it once kubestead looks after the cluster" in finding.reason
    assert finding.fix == f"write: {line}"


def test_what_was_given_by_hand_is_taken_over_before_it_is_switched():
    given = {"bpf": {"masquerade": True}}
    running = replace(without_proxy(enable_bpf_masquerade="true"), record=with_values(given).record)
    for switching in (False, True):
        found = findings(running, switching=switching, kube_proxy="replace")
        (finding,) = [one for one in found if one.severity == "error"]
        assert "given by hand; change it once kubestead looks after the cluster" in finding.reason
        assert finding.fix == 'write: cilium_masquerade = "bpf"'
    ours = replace(running, cilium_kept_here=True)
    assert [one.where for one in errors(ours, kube_proxy="replace")] == ["group_data/all.py: cilium_masquerade"]
    assert findings(ours, switching=True, kube_proxy="replace") == []


def test_what_was_given_by_hand_and_cannot_be_changed_is_told_so_once():
    running = replace(with_cilium(cluster_id="7"), record=with_values({"cluster": {"id": 7}}).record)
    (finding,) = errors(running)
    assert finding.reason.endswith("and it cannot be changed in place")


def test_what_the_chart_says_of_a_key_in_part_only_is_asked_for():
    (finding,) = errors(with_values({"bgpControlPlane": {"enabled": True}}))
    assert finding.where == "group_data/all.py: cilium_bgp"
    assert finding.fix == "name AS numbers and peers under cilium_bgp"


def test_a_value_given_by_hand_that_the_key_says_too_is_well():
    assert errors(with_values({"MTU": 1400}), cilium_mtu=1400) == []
    assert errors(with_values({"kubeProxyReplacement": "true"})) == [], "kube-proxy is what the cluster itself says"


@pytest.mark.parametrize("value", [{"ipv6": {"enabled": False}}, {"bpf": {"x": None}}])
def test_a_value_that_is_the_charts_own_is_no_loss(value):
    assert errors(with_values(value)) == []


@pytest.mark.parametrize("written", [False, None])
def test_a_value_that_was_decided_on_is_no_loss(written):
    kept = {"cluster": {"name": "default"}, "bpf": {"tproxy": written}}
    assert errors(with_values({"bpf": {"tproxy": True}}), cilium_extra_values=kept) == []


def test_once_kubestead_keeps_the_values_they_are_the_specs():
    running = with_values({"ipv6": {"enabled": True}}, cilium_kept_here=True)
    assert findings(running) == []


def test_what_the_first_run_changes_is_told_once():
    (warning,) = findings(with_values({"operator": {"replicas": 1}}))
    assert warning.severity == "warning"
    assert "operator.replicas from 1 to 2" in warning.reason
    assert "hubble.relay.enabled from False to True" in warning.reason
    # Left open by the chart, or the catalog's business.
    assert "routingMode" not in warning.reason
    assert "digest" not in warning.reason


@pytest.mark.parametrize(
    ("runs", "refused"),
    [("1.18.4", False), (None, False), ("latest", False),
     ("1.16.5", True), ("1.18.5", True), ("1.19.0", True)],
)  # fmt: skip
def test_cilium_goes_forward_one_minor_release_at_a_time(runs, refused):
    found = errors(replace(PLAIN, cilium_version=runs))
    assert [finding.where for finding in found] == ["group_data/all.py: cilium_version"] * refused
    if refused:
        assert found[0].fix == f'write: cilium_version = "{runs}"'


@pytest.mark.parametrize("runs", ["1.18.1", "1.17.9"])
def test_an_upgrade_is_not_done_in_passing(runs):
    running = replace(PLAIN, cilium_version=runs)
    (finding,) = errors(running)
    assert finding.fix == f'write: cilium_version = "{runs}"; to change it: pyinfra INVENTORY deploys/cilium.py'
    assert [one for one in findings(running, switching=True) if one.severity == "error"] == []


def test_without_cilium_there_is_nothing_to_say():
    assert findings(replace(PLAIN, cilium=None)) == []
