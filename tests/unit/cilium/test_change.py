"""What a change of Cilium's values means, by the table."""

from __future__ import annotations

import re
import tarfile
from itertools import product

import pytest

from kubestead import cache
from kubestead.chart import read_chart
from kubestead.cilium.change import UNKNOWN, Effect, changes, configured, keeps_apart, row_of, table, worst
from kubestead.cilium.typed import TYPED
from kubestead.phases.cilium import cilium_values
from kubestead.render import TEMPLATES
from kubestead.spec import ClusterSpec
from kubestead.spec.loading import CLUSTER_KEYS
from tests.fixtures.catalog import catalog
from tests.unit.cilium.examples import MESH

POOL = "clusterPoolIPv4PodCIDRList"


def values(**choices):
    """The values of a spec with such choices, whether they go together or not."""
    spec = ClusterSpec.model_validate(choices, context={"unsure": CLUSTER_KEYS})
    return cilium_values(spec, catalog(), nodes=3)


def effects(before, after):
    return {change.path: change.effect for change in changes(before, after)}


def paths(found, above=""):
    for key, value in found.items():
        path = f"{above}.{key}" if above else key
        if isinstance(value, dict) and value:
            yield from paths(value, path)
        else:
            yield path


# Every branch of the template is taken by one of these.
CHOICES = [
    {"cilium_routing": routing, "kube_proxy": kube_proxy, "cilium_ipam": ipam, "cilium_encryption": encryption,
     "hubble_metrics": metrics, "cilium_mutual_authentication": bool(metrics)}
    for routing, kube_proxy, ipam, encryption, metrics in product(
        ("vxlan", "native"), ("keep", "replace"), ("cluster-pool", "kubernetes", "multi-pool"), ("none", "wireguard"),
        ((), ("dns",)))
] + [
    {"cilium_pools": [{"name": "green", "cidrs": ["10.9.0.0/16"]}], "cilium_ipam": "multi-pool"},
    {"cilium_api_servers": ["https://10.9.0.1:6443"]},
    {"cilium_l2_announcements": [{"name": "lan"}]},
    {"cilium_lb_mode": "dsr", "cilium_lb_dispatch": "geneve", "cilium_routing": "native"},
    {"ip_families": "dual", "cilium_routing": "native"},
    {"cilium_bgp": [{"name": "lab", "asn": 65001, "advertise": ["cluster-ips"],
                     "peers": [{"name": "tor", "address": "192.168.1.1", "asn": 65000}]}]},
    {"cilium_l7_proxy": True},
    {"cilium_l7_proxy": True, "cilium_envoy": True},
    {"cilium_encryption": "ipsec"},
    {"hubble_ui": True, "hubble_tls": "cronJob"},
    MESH,
]  # fmt: skip


def test_every_value_the_template_can_render_is_in_the_table():
    rendered = {path for choices in CHOICES for path in paths(values(**choices))}
    assert {path for path in rendered if row_of(path) is UNKNOWN} == set()


def test_every_value_the_spec_has_a_key_for_is_in_the_table():
    assert [path for typed in TYPED for path in typed.paths if row_of(path) is UNKNOWN] == []


def test_every_key_written_in_the_template_was_rendered_by_these_choices():
    """Else the test above would not see a branch that is added."""
    text = (TEMPLATES / "cilium-values.yaml.j2").read_text()
    written = set(re.findall(r"^ *([A-Za-z0-9]+):", re.sub(r"#.*|\{%.*?%\}", "", text), re.MULTILINE))
    rendered = {name for choices in CHOICES for path in paths(values(**choices)) for name in path.split(".")}
    assert written - rendered <= {"ipv4"}, "a key of a flow mapping"


def test_rows_are_sorted_out_by_the_longest_path_and_have_no_twins():
    rows = [row.path for row in table()]
    assert len(rows) == len(set(rows))
    assert row_of("bpf.masquerade").effect is Effect.LOSS
    assert row_of("bpf.mapDynamicSizeRatio").path == "bpf"
    assert row_of("bpfx") is UNKNOWN
    assert all(row.reason and row.source for row in table())


def test_a_key_of_the_configmap_stands_in_one_row():
    keys = [key for _, key in configured()]
    assert len(keys) == len(set(keys))


def test_a_key_of_the_configmap_is_one_value_and_no_mapping():
    """Else what runs could not be compared with what is rendered."""
    rendered = {path for choices in CHOICES for path in paths(values(**choices))}
    mappings = [row.path for row, _ in configured() if any(path.startswith(f"{row.path}.") for path in rendered)]
    assert mappings == []


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        ({}, {"hubble": False}, Effect.AGENTS),
        ({}, {"hubble_relay": False}, Effect.NONE),
        ({}, {"cilium_routing": "native"}, Effect.LOSS),
        ({"cilium_routing": "native"}, {}, Effect.LOSS),
        ({}, {"kube_proxy": "replace"}, Effect.LOSS),
        ({"kube_proxy": "replace"}, {"kube_proxy": "replace", "cilium_masquerade": "bpf"}, Effect.LOSS),
        ({}, {"cilium_ipam": "kubernetes"}, Effect.NEVER),
        ({}, {"cilium_more_pod_cidrs": ["100.64.0.0/16"]}, Effect.OPERATOR),
        ({"cilium_more_pod_cidrs": ["100.64.0.0/16"]}, {}, Effect.NEVER),
        ({}, {"pod_cidr": "10.64.0.0/16"}, Effect.NEVER),
        ({}, {"pod_cidr_mask_size": 25}, Effect.NEVER),
        ({}, {"cilium_cluster_id": 1}, Effect.NEVER),
        ({}, {"cluster_name": "other"}, Effect.NEVER),
        ({"cilium_cluster_id": 1}, MESH, Effect.NONE),
        ({}, {"cilium_datapath": "netkit"}, Effect.NEVER),
        ({}, {"cilium_mtu": 1400}, Effect.AGENTS),
        ({}, {"cilium_encryption": "wireguard"}, Effect.LOSS),
        ({}, {"cilium_host_firewall": True}, Effect.LOSS),
        ({}, {"cilium_mutual_authentication": True}, Effect.AGENTS),
        ({}, {"hubble_ui": True}, Effect.NONE),
        ({}, {"cilium_bandwidth_manager": "bbr"}, Effect.PODS),
        ({}, {"cilium_extra_values": {"ipv6": {"enabled": True}}}, Effect.PODS),
        ({}, {"cilium_extra_values": {"somethingNew": 1}}, Effect.AGENTS),
        ({}, {"cilium_extra_values": {"extraConfig": {"routing-mode": "native"}}}, Effect.LOSS),
        ({}, {"cilium_extra_values": {"extraConfig": {"anything": "1"}}}, Effect.AGENTS),
        ({}, {"cilium_extra_values": {"operator": {"replicas": 1}}}, Effect.NONE),
        ({}, {"cilium_extra_values": {"updateStrategy": {"type": "OnDelete"}}}, Effect.NONE),
    ],
    ids=str,
)
def test_the_dearest_effect(before, after, effect):
    assert worst(changes(values(**before), values(**after))) is effect


def test_nothing_changes_between_the_same_values_and_between_a_default_and_its_name():
    assert changes(values(), values()) == ()
    named = {"routingMode": "tunnel", "tunnelProtocol": "vxlan", "bpf": {"masquerade": False},
             "enableIPv4Masquerade": True, "loadBalancer": {"mode": "snat", "dsrDispatch": "opt"}}  # fmt: skip
    assert changes({"routingMode": "", "bpf": {}}, named) == ()
    assert changes(named, {}) == ()


def test_what_is_not_known_says_so():
    (change,) = changes({}, {"somethingNew": "x"})
    assert str(change) == (
        "somethingNew: none -> x: agents restart; traffic goes on, new pods and policies wait a moment: not known to "
        "kubestead, so agents are restarted one by one (nowhere said)"
    )


@pytest.mark.parametrize(
    ("after", "apart"),
    [({"cilium_routing": "native"}, True), ({"kube_proxy": "replace"}, False), ({"hubble": False}, False)],
    ids=str,
)
def test_which_nodes_cannot_talk_to_each_other_meanwhile(after, apart):
    assert keeps_apart(changes(values(), values(**after))) is apart


def test_a_pool_of_multi_pool_may_come_and_must_not_change():
    green, wider, longer = (
        [{"name": "green", "cidrs": cidrs}]
        for cidrs in (["10.9.0.0/16"], ["10.8.0.0/15"], ["10.9.0.0/16", "10.7.0.0/16"])
    )
    multi = {"cilium_ipam": "multi-pool"}
    added = effects(values(**multi), values(**multi, cilium_pools=green))
    assert set(added.values()) == {Effect.OPERATOR}
    assert Effect.NEVER in effects(values(**multi, cilium_pools=green), values(**multi, cilium_pools=wider)).values()
    grown = effects(values(**multi, cilium_pools=green), values(**multi, cilium_pools=longer))
    assert set(grown.values()) == {Effect.OPERATOR}
    assert Effect.NEVER in effects(values(**multi, cilium_pools=longer), values(**multi, cilium_pools=green)).values()


def test_the_dearest_comes_first():
    found = changes(values(), values(cilium_routing="native", hubble=False, hubble_relay=False))
    assert [change.effect for change in found] == sorted((change.effect for change in found), reverse=True)


@pytest.fixture(scope="module")
def archive():
    found = sorted(cache.root().glob("mirrors/*/files/cilium-1.18.4.tgz"))
    return found[-1] if found else pytest.skip("needs the chart in the cache: make components")


def test_every_row_is_about_a_value_the_chart_knows(archive):
    chart = read_chart(archive)
    known = {".".join(path) for path in chart.read} | set(paths(chart.values))
    strangers = [row.path for row in table() if not any(f"{path}.".startswith(f"{row.path}.") for path in known)]
    assert strangers == []


def test_every_key_of_the_configmap_is_written_by_the_chart(archive):
    with tarfile.open(archive) as tar:
        text = tar.extractfile("cilium/templates/cilium-configmap.yaml").read().decode()
    assert [key for _, key in configured() if not re.search(rf"^ *{key}:", text, re.MULTILINE)] == []
