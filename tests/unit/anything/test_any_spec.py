"""The cluster's and the nodes' spec, whatever is written."""

from ipaddress import IPv4Network

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kubestead.errors import InvalidInput
from kubestead.netplan import check_address_plan
from kubestead.phases.cilium import cilium_values
from kubestead.preflight.checks import run_checks
from kubestead.preflight.survey import Node, Survey
from kubestead.spec import ClusterSpec, NodeSpec
from kubestead.spec.loading import CLUSTER_KEYS, NODE_KEYS, Source, check_values, read_sources
from tests.fixtures import catalog
from tests.unit.anything.anything import addresses, mapping, taken_or_told, told, true_networks, values, versions

CLUSTER = sorted(CLUSTER_KEYS)
CATALOG = catalog.catalog()
WRONG = {
    "cluster_name": "Lab!",
    "kubernetes_version": "v1.31.13",
    "containerd_version": 2,
    "runc_version": "1.3",
    "helm_version": None,
    "cilium_version": [],
    "pause_version": "latest",
    "control_plane_endpoint": "[fd00::1]:6443",
    "extra_cert_sans": "k8s",
    "pod_cidr": "10.1.0.0/8",
    "pod_cidr_mask_size": 29,
    "service_cidr": "fd00::/108",
    "dns_domain": "Cluster.Local",
    "kube_proxy": "replaced",
    "ip_families": "ipv6",
    "pod_cidr_v6": "10.0.0.0/8",
    "pod_cidr_v6_mask_size": 24,
    "service_cidr_v6": "fd00::/64",
    "cilium_routing": "tunnel",
    "cilium_native_cidr": "10.0.0.1",
    "cilium_node_routes": "yes",
    "cilium_mtu": -1,
    "cilium_ipam": "pool",
    "cilium_more_pod_cidrs": ["10.1.0.0/8"],
    "cilium_pools": [{"name": "default", "cidrs": []}],
    "cilium_api_servers": ["k8s-api:6443"],
    "cilium_masquerade": True,
    "cilium_lb_mode": "annotation",
    "cilium_lb_dispatch": "ipip",
    "cilium_lb_algorithm": "Maglev",
    "cilium_datapath": "l2",
    "cilium_lb_pools": [{"name": "lan", "blocks": ["192.168.1.9-192.168.1.1"]}],
    "cilium_l2_announcements": [{"name": "lan", "interfaces": ["("]}],
    "cilium_bgp": [{"name": "lab", "asn": 0, "peers": []}],
    "cilium_encryption": "tls",
    "cilium_encrypt_nodes": 1,
    "cilium_bandwidth_manager": True,
    "cilium_policy": "strict",
    "cilium_host_firewall": "on",
    "cilium_l7_proxy": "on",
    "cilium_envoy": "on",
    "cilium_ingress": "nginx",
    "cilium_gateway_api": "v1",
    "cilium_mutual_authentication": "spire",
    "cilium_cluster_id": 256,
    "cilium_mesh": [{"name": "beta", "id": 0, "pod_cidrs": []}],
    "cilium_mesh_addresses": ["beta"],
    "cilium_mesh_port": 2379,
    "hubble": "true",
    "hubble_relay": 1,
    "hubble_ui": "on",
    "hubble_metrics": ["http"],
    "hubble_tls": "cronjob",
    "cilium_extra_values": [],
    "kubelet_config": {"a": {1: 2}},
    "kube_proxy_config": {"a": float("nan")},
    "kubeadm_ignore_preflight_errors": {"NumCPU": True},
    "containerd_restrict_oom_score_adj": "no",
    "time_sync": 0,
    "smoke": "perhaps",
    "smoke_egress_target": "example.org",
    "preflight_minimum": {"cores": 0},
    "token_ttl_minutes": 4,
}


@given(mapping(CLUSTER))
def test_any_cluster(data):
    taken_or_told(lambda: ClusterSpec.load(data))


@given(st.dictionaries(st.sampled_from(CLUSTER), values, min_size=1, max_size=3))
def test_any_value_of_a_known_key_is_taken_whole_or_told(data):
    spec = taken_or_told(lambda: ClusterSpec.load(data))
    if spec:
        yaml.safe_dump(cilium_values(spec, CATALOG, nodes=3)).encode()
        yaml.safe_dump([spec.kubelet_config, spec.kube_proxy_config]).encode()


@given(mapping(sorted(NODE_KEYS)))
def test_any_node(data):
    spec = taken_or_told(lambda: NodeSpec.load(data, "k8s-worker1"))
    if spec:
        yaml.safe_dump([dict(spec.labels), [str(taint) for taint in spec.taints]]).encode()


def test_every_key_can_be_wrong_and_all_are_told_at_once():
    assert sorted(WRONG) == CLUSTER
    with pytest.raises(InvalidInput) as error:
        ClusterSpec.load(WRONG)
    told(error.value.findings)
    text = [finding.where.split(": ")[1].split(".")[0] for finding in error.value.findings]
    assert sorted(set(text)) == CLUSTER
    assert {finding.value is not None for finding in error.value.findings if "helm" not in finding.where} == {True}


@given(st.lists(st.sampled_from(CLUSTER), unique=True, min_size=1))
def test_as_many_findings_as_keys_are_wrong(keys):
    with pytest.raises(InvalidInput) as error:
        ClusterSpec.load({key: WRONG[key] for key in keys})
    assert sorted({finding.where.split(": ")[1].split(".")[0] for finding in error.value.findings}) == sorted(keys)


@given(mapping([*CLUSTER, *NODE_KEYS]), mapping([*CLUSTER, *NODE_KEYS]), mapping(CLUSTER), mapping(CLUSTER))
def test_any_sources_of_a_run(everyone, group, options, overrides):
    group_data = [Source("group_data/all.py", everyone), Source("group_data/workers.py", group)]
    told(read_sources(group_data, Source("--data", options), Source("site.yaml", overrides))[1])


@given(mapping(CLUSTER))
def test_any_overrides(overrides):
    told(check_values(overrides, {}))


@given(
    versions | st.text(),
    st.sampled_from(["kubernetes_version", "containerd_version", "pause_version", "cilium_version"]),
)
def test_only_versions_in_plain_digits_are_taken(version, key):
    spec = taken_or_told(lambda: ClusterSpec.load({key: version}))
    if spec:
        assert all(part.isascii() and part.isdigit() for part in version.split("."))


@pytest.mark.parametrize("key", CLUSTER)
def test_a_number_python_itself_cannot_write(key):
    assert taken_or_told(lambda: ClusterSpec.load({key: 10**5000})) is None
    assert taken_or_told(lambda: ClusterSpec.load({key: {"a": [10**5000]}})) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("control_plane_endpoint", "::ffff:192.0.2.1:6443"),
        ("control_plane_endpoint", "[::ffff:192.0.2.1]:6443"),
        ("control_plane_endpoint", "k8s-api:" + "1" * 5000),
        ("kubernetes_version", "1.31.1\u0661"),
        ("pause_version", "3.1\u0661"),
        ("pod_cidr", "0.0.0.0/0"),
        ("pod_cidr", "0.0.0.0/8"),
        ("pod_cidr", "126.0.0.0/7"),
        ("pod_cidr", "168.0.0.0/6"),
        ("extra_cert_sans", ["fe80::1%eth0"]),
        ("kubelet_config", {"a": 2**64}),
        ("kubelet_config", {"a": [{"b": {1}}]}),
        ("cilium_extra_values", {"a": "\ud800"}),
        ("cilium_extra_values", {"\ud800": 1}),
    ],
)
def test_what_would_break_later(key, value):
    with pytest.raises(InvalidInput) as error:
        ClusterSpec.load({key: value})
    told(error.value.findings)
    (finding,) = error.value.findings
    assert finding.where.startswith(f"group_data/all.py: {key}")
    assert "digits" not in finding.reason


def nodes_of(given_addresses):
    return tuple(
        Node(f"node{n}", "worker" if n else "control_plane", address) for n, address in enumerate(given_addresses)
    )


@given(true_networks, true_networks, st.lists(st.ip_addresses(v=4), min_size=1, max_size=4))
def test_every_overlap_of_pool_services_and_nodes_is_told(pods, services, hosts):
    spec = taken_or_told(
        lambda: ClusterSpec.load({"pod_cidr": pods, "service_cidr": services, "pod_cidr_mask_size": 28})
    )
    if not spec:
        return
    findings = run_checks(Survey(spec, nodes_of(hosts), (), (), CATALOG))
    told(findings)
    wrong = {(finding.where, finding.reason) for finding in findings if finding.severity == "error"}
    pool, service = IPv4Network(pods), IPv4Network(services)
    assert (("service_cidr", f"meets the pod pool {pool} (pod_cidr)") in wrong) == pool.overlaps(service)
    for number, address in enumerate(hosts):
        for key, network in (("pod_cidr", pool), ("service_cidr", service)):
            own = [
                reason
                for where, reason in wrong
                if where == key and f"{address}/32 is the address of node{number}" in reason
            ]
            assert bool(own) == (address in network)
    twice = [where for where, reason in wrong if reason == "is given to several nodes"]
    assert len(twice) == len({address for address in hosts if hosts.count(address) > 1})


@given(true_networks, true_networks, st.integers(1, 4))
def test_what_is_proposed_instead_fits(pods, services, nodes):
    spec = taken_or_told(
        lambda: ClusterSpec.load({"pod_cidr": pods, "service_cidr": services, "pod_cidr_mask_size": 28})
    )
    if not spec:
        return
    hosts = {f"node{n}": spec.pod_cidr[n] for n in range(nodes)}
    plan = {"pod_cidr": spec.pod_cidr, "service_cidr": spec.service_cidr}
    for finding in check_address_plan(spec, hosts, {}):
        if "'" in finding.fix:
            plan[finding.where] = IPv4Network(finding.fix.split("'")[1])
    if all(plan[key] != getattr(spec, key) for key in plan):
        advised = {key: str(network) for key, network in plan.items()}
        other = ClusterSpec.load({**advised, "pod_cidr_mask_size": 28})
        assert check_address_plan(other, hosts, {}) == []


@pytest.mark.parametrize("count", range(6))
def test_any_number_of_control_planes_but_one_is_told(count):
    nodes = tuple(Node(f"cp{n}", "control_plane", IPv4Network("192.0.2.0/24")[n + 1]) for n in range(count))
    findings = run_checks(Survey(ClusterSpec(), nodes, (), (), CATALOG))
    told(findings)
    assert ("inventory: control_plane" in {finding.where for finding in findings}) == (count != 1)


@given(addresses)
def test_a_node_address_is_ipv4_and_of_a_machine(address):
    spec = taken_or_told(lambda: NodeSpec.load({"node_address": address}, "k8s-cp"))
    if spec:
        assert spec.node_address.version == 4
        assert not (spec.node_address.is_multicast or spec.node_address.is_loopback or spec.node_address.is_unspecified)
