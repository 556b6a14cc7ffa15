"""The cluster's spec: its defaults, and every refusal with place, reason and fix."""

import runpy
from datetime import date
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubestead.errors import InvalidInput
from kubestead.site.model import HostSettings, Sources
from kubestead.spec import ClusterSpec, PreflightMinimum
from kubestead.spec.loading import CLUSTER_KEYS, SITE_KEYS

ALL = Path(__file__).parents[2] / "group_data" / "all.py"


def findings(**values):
    with pytest.raises(InvalidInput) as error:
        ClusterSpec.load(values)
    return error.value.findings


def test_the_annotated_example_names_every_key_with_its_default():
    written = {key: value for key, value in runpy.run_path(str(ALL)).items() if not key.startswith("__")}
    assert set(written) == CLUSTER_KEYS
    assert ClusterSpec.load(written) == ClusterSpec.load({})


def test_every_key_says_what_it_takes():
    for model in (ClusterSpec, PreflightMinimum, HostSettings, Sources):
        assert [name for name, field in model.model_fields.items() if not field.description] == []


def test_what_the_spec_derives():
    spec = ClusterSpec.load({"kube_proxy": "replace", "control_plane_endpoint": "api.example.org:8443"})
    assert (spec.endpoint_host, spec.endpoint_port) == ("api.example.org", 8443)
    assert spec.kubernetes_minor == "1.31"
    assert spec.cilium_replaces_kube_proxy
    assert spec.dns_address == IPv4Address("172.20.0.10")
    assert spec.pod_cidr == IPv4Network("10.0.0.0/8")


def test_the_spec_cannot_be_changed():
    with pytest.raises(pydantic.ValidationError):
        ClusterSpec.load({}).hubble = False


def test_a_part_of_preflight_minimum_keeps_the_rest():
    assert ClusterSpec.load({"preflight_minimum": {"cores": 1}}).preflight_minimum == PreflightMinimum(cores=1)


def test_lists_come_out_as_tuples():
    spec = ClusterSpec.load({"extra_cert_sans": ["a.example", "192.0.2.1", "*.b.example"]})
    assert spec.extra_cert_sans == ("a.example", "192.0.2.1", "*.b.example")


@pytest.mark.parametrize(
    ("key", "value", "reason", "fix"),
    [
        ("pod_cidr", "10.20.0.0/8", "host bits set: a /8 begins at 10.0.0.0", "write '10.0.0.0/8'"),
        ("pod_cidr", "10.0.0.0", "no prefix length", "as in '10.0.0.0/8'"),
        ("pod_cidr", "10.0.0.0/255.0.0.0", "not a mask", "write '10.0.0.0/8'"),
        ("pod_cidr", "10.0.0/8", "not an IPv4 network", "as in"),
        ("pod_cidr", "fd00::/48", "not an IPv4 network", "as in"),
        ("pod_cidr", "224.0.0.0/8", "unicast", "10.0.0.0/8"),
        ("pod_cidr", 10, "text in quotes", "as in"),
        ("service_cidr", "172.20.0.0/29", "is a /29", "between /12 and /28"),
        ("service_cidr", "100.64.0.0/10", "is a /10", "between /12 and /28"),
        ("pod_cidr_mask_size", 29, "less than or equal to 28", "16 to 28"),
        ("pod_cidr_mask_size", "24", "whole number, without quotes", "16 to 28"),
        ("pod_cidr_mask_size", True, "whole number", "16 to 28"),
        ("pod_cidr_mask_size", 24.0, "whole number", "16 to 28"),
        ("kubernetes_version", "v1.31.13", "'v' in front", "write '1.31.13'"),
        ("kubernetes_version", "1.31", "not a full release", "MAJOR.MINOR.PATCH"),
        ("kubernetes_version", "1.40.0", "knows", "1.31, 1.32, 1.33"),
        ("kubernetes_version", 1.31, "text, in quotes", "as in '1.31.13'"),
        ("containerd_version", "1.7.29", "not containerd 2.x", "2.1.5"),
        ("runc_version", "1.03.3", "not a full release", "MAJOR.MINOR.PATCH"),
        ("pause_version", "latest", "pattern", "as in '3.10'"),
        ("control_plane_endpoint", "[fd00::1]:6443", "is an IPv6 address", "'k8s-api:6443'"),
        ("control_plane_endpoint", "k8s-api", "has no port", "'k8s-api:6443'"),
        ("control_plane_endpoint", "k8s-api:0", "has port '0'", "1 to 65535"),
        ("control_plane_endpoint", "K8S_api:6443", "not a DNS name", "'k8s-api:6443'"),
        ("extra_cert_sans", "one", "must be a list", "list of text"),
        ("kube_proxy", "off", "must be 'keep' or 'replace'", "'replace'"),
        ("hubble", "yes", "true or false, without quotes", "true or false"),
        ("hubble", 1, "true or false, without quotes", "true or false"),
        ("cluster_name", "My Lab", "1 to 32 lower-case", "lower-case"),
        ("dns_domain", "cluster_local", "not a DNS name", "'cluster.local'"),
        ("smoke_egress_target", "example.org", "no port", "name:port"),
        ("cilium_extra_values", [], "must be a mapping", "Helm values"),
        ("token_ttl_minutes", 0, "greater than or equal to 5", "minutes"),
    ],
)
def test_a_wrong_value_is_refused_with_reason_and_fix(key, value, reason, fix):
    (finding,) = findings(**{key: value})
    assert finding.where == f"group_data/all.py: {key}"
    assert finding.value == value
    assert reason in finding.reason
    assert fix in finding.fix


@pytest.mark.parametrize(
    ("key", "value", "where"),
    [
        ("preflight_minimum", {"cores": 0}, "preflight_minimum.cores"),
        ("preflight_minimum", {"memory": 4}, "preflight_minimum.memory"),
        ("extra_cert_sans", ["good.example", "no good"], "extra_cert_sans.1"),
    ],
)
def test_a_wrong_part_is_named_by_its_path(key, value, where):
    (finding,) = findings(**{key: value})
    assert finding.where == f"group_data/all.py: {where}"


@pytest.mark.parametrize(
    ("key", "fix"),
    [
        ("pod_cird", "did you mean pod_cidr?"),
        ("lables", "did you mean labels?"),
        ("skip_unreachabel", "did you mean skip_unreachable?"),
        ("registry", "sources.registry"),
        ("known_hosts", "hosts.<name>.known_hosts"),
        ("wholly_unheard_of_thing_zzz", "the keys here are cilium_api_servers, "),
    ],
)
def test_an_unknown_key_is_told_the_nearest_or_its_place(key, fix):
    (finding,) = findings(**{key: "x"})
    assert fix in finding.fix


def test_every_key_of_the_site_file_is_known_to_belong_there():
    site = {*HostSettings.model_fields, *Sources.model_fields} - {"node_address", "labels", "taints"}
    assert set(SITE_KEYS) == site


def test_keys_of_other_owners_pass():
    ClusterSpec.load(
        {
            "node_address": "192.0.2.1", "labels": {}, "taints": [], "ssh_user": "root", "_sudo": True,
            "confirm": "lab", "kubestead_sources": {}, "skip_unreachable": True, "fake_responses": {},
        }
    )  # fmt: skip


def test_everything_is_found_at_once():
    places = [finding.where.split(": ")[1] for finding in findings(pod_cidr="x", hubble="yes", extra=1, dns_domain="-")]
    assert sorted(places) == ["dns_domain", "extra", "hubble", "pod_cidr"]


def test_fields_are_compared_though_another_is_wrong():
    found = {finding.where: finding.reason for finding in findings(pod_cidr="10.1.0.0/25", hubble="yes")}
    assert found["group_data/all.py: pod_cidr"] == "holds 0 node part(s) of /24, and there are 1 node(s)"
    assert "group_data/all.py: hubble" in found


def test_a_wrong_field_is_not_compared():
    (finding,) = findings(pod_cidr_mask_size=16, pod_cidr="nonsense")
    assert finding.where == "group_data/all.py: pod_cidr"


def test_a_pool_smaller_than_a_node_part_is_refused():
    (finding,) = findings(pod_cidr="10.1.0.0/25")
    assert "holds 0 node part(s) of /24" in finding.reason


def test_a_model_made_without_load_is_checked_too():
    with pytest.raises(InvalidInput):
        ClusterSpec(pod_cidr=IPv4Network("10.1.0.0/25"))


def test_what_a_running_cluster_may_have_is_for_preflight_to_judge():
    """Services inside the pool (kubeadm's own 10.96.0.0/12), and an address for an endpoint."""
    spec = ClusterSpec.load({"service_cidr": "10.96.0.0/12", "control_plane_endpoint": "192.168.1.187:6443"})
    assert (spec.endpoint_host, spec.endpoint_port) == ("192.168.1.187", 6443)


def test_a_finding_names_the_place_the_key_was_written_at():
    with pytest.raises(InvalidInput) as error:
        ClusterSpec.load({"hubble": 1, "kubestead_where": {"hubble": "site.yaml:4: overrides.hubble"}})
    assert error.value.findings[0].where == "site.yaml:4: overrides.hubble"


def test_host_data_is_taken_as_it_is():
    class HostData:
        def dict(self):
            return {"cluster_name": "other"}

    assert ClusterSpec.load(HostData()).cluster_name == "other"


def test_an_ended_release_is_a_warning():
    spec = ClusterSpec.load({})
    assert spec.warnings(date(2025, 11, 11)) == []
    (warning,) = spec.warnings(date(2025, 11, 12))
    assert warning.severity == "warning"
    assert "ended on 2025-11-11" in warning.reason


@given(st.dictionaries(st.sampled_from(sorted(CLUSTER_KEYS)), st.none() | st.booleans() | st.integers() | st.text()))
def test_whatever_is_written_is_taken_or_refused_in_words(values):
    try:
        ClusterSpec.load(values)
    except InvalidInput as error:
        assert all(finding.reason and finding.fix for finding in error.findings)


@given(st.integers(0, 2**32 - 1), st.integers(8, 24))
def test_the_proposed_network_is_taken(address, prefix):
    text = f"{IPv4Address(address)}/{prefix}"
    try:
        ClusterSpec.load({"pod_cidr": text})
    except InvalidInput as error:
        if "host bits" in str(error):
            again = error.findings[0].fix.split("'")[1]
            assert IPv4Network(again) == IPv4Network(text, strict=False)


@pytest.mark.parametrize(
    ("key", "value", "where", "fix"),
    [
        ("cilium_pools", [{"name": "green", "cidrs": ["10.9.0.1/16"]}], "cilium_pools.0.cidrs.0", "'10.9.0.0/16'"),
        ("cilium_pools", [{"name": "green", "cidrs": []}], "cilium_pools.0.cidrs", "its networks, a list"),
        ("cilium_pools", [{"name": "default", "cidrs": ["10.9.0.0/16"]}], "cilium_pools.0.name", "another name"),
        ("cilium_pools", [{"name": "a", "cidrs": ["10.9.0.0/28"]}], "cilium_pools.0", "mask_size of 28"),
        ("cilium_pools", [{"name": "a", "cidrs": ["10.9.0.0/16"]}] * 2, "cilium_pools", "a name of its own"),
        ("cilium_pools", ["green"], "cilium_pools.0", "the pools beside the default one"),
        ("cilium_lb_pools", [{"name": "a", "blocks": ["10.9.0.9-10.9.0.1"]}], "cilium_lb_pools.0.blocks.0", "9.0.1-"),
        ("cilium_lb_pools", [{"name": "a", "blocks": ["x"]}], "cilium_lb_pools.0.blocks.0", "'10.9.0.10-10.9.0.20'"),
        ("cilium_l2_announcements", [{"name": "a", "interfaces": ["("]}],
         "cilium_l2_announcements.0.interfaces.0", "eth"),
        ("cilium_bgp", [{"name": "a", "asn": 1, "peers": [{"name": "p", "address": "::1", "asn": 1}]}],
         "cilium_bgp.0.peers.0.address", "four numbers"),
        ("ip_families", "ipv6", "ip_families", "'dual'"),
        ("pod_cidr_v6", "fd00::1/48", "pod_cidr_v6", "'fd00::/48'"),
        ("pod_cidr_v6", "fe80::/64", "pod_cidr_v6", "fd00::/8"),
        ("service_cidr_v6", "fd00:96::/64", "service_cidr_v6", "/108"),
        ("cilium_api_servers", ["10.9.0.1:6443"], "cilium_api_servers.0", "https://ADDRESS:PORT"),
        ("hubble_metrics", ["http"], "hubble_metrics.0", "such as ['dns'"),
    ],
)  # fmt: skip
def test_a_wrong_part_of_a_list_is_one_finding_named_by_its_path(key, value, where, fix):
    (finding,) = findings(**{key: value})
    assert finding.where == f"group_data/all.py: {where}"
    assert fix in finding.fix
