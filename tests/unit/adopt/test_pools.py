"""Pools out of a running Cilium's ConfigMap, and out of the chart's values."""

from dataclasses import replace
from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubestead.adopt.pools import as_values, pod_networks, running_pools, wanted_pools
from kubestead.netplan import PodPools, Pool
from kubestead.phases.cilium import cilium_values
from kubestead.spec import ClusterSpec
from tests.fixtures.catalog import catalog
from tests.unit.adopt.running import PLAIN, with_cilium

CREATED = (
    "default=ipv4-cidrs:10.0.0.0/8;ipv4-mask-size:24,green=ipv4-cidrs:100.64.0.0/16,100.65.0.0/16;ipv4-mask-size:27"
)
MULTI = {"ipam": "multi-pool", "auto-create-cilium-pod-ip-pools": CREATED}


def several(**changes):
    return replace(PLAIN, cilium=MULTI, **changes)


def nets(*texts):
    return tuple(map(IPv4Network, texts))


def test_the_pool_of_a_cluster():
    assert running_pools(PLAIN) == PodPools("cluster-pool", Pool(nets("10.0.0.0/8"), 24))


def test_several_pools():
    green = Pool(nets("100.64.0.0/16", "100.65.0.0/16"), 27)
    assert running_pools(several()) == PodPools("multi-pool", Pool(nets("10.0.0.0/8"), 24), {"green": green})


def test_the_pools_themselves_have_the_last_word():
    """One grew, one was deleted by hand, and one was never ours."""
    default, own = ("default", "24", "10.0.0.0/8 10.200.0.0/16"), ("own", "27", "100.99.0.0/16")
    found = running_pools(several(pod_pools=(default, own)))
    assert found == PodPools("multi-pool", Pool(nets("10.0.0.0/8", "10.200.0.0/16"), 24))


def test_kubernetes_has_the_last_word_where_cilium_has_no_pool():
    kubernetes = with_cilium(ipam="kubernetes")
    assert running_pools(kubernetes) == PodPools("kubernetes")
    assert pod_networks(kubernetes) == frozenset(nets("10.0.0.0/8"))


def test_every_network_of_the_pods():
    assert pod_networks(PLAIN) == frozenset(nets("10.0.0.0/8"))
    assert pod_networks(several()) == frozenset(nets("10.0.0.0/8", "100.64.0.0/16", "100.65.0.0/16"))
    assert pod_networks(replace(PLAIN, cilium=None)) is None


@pytest.mark.parametrize(
    "data",
    [{}, {"cilium_more_pod_cidrs": ["100.64.0.0/16"]},
     {"cilium_ipam": "multi-pool", "cilium_masquerade": "bpf", "kube_proxy": "replace",
      "cilium_pools": [{"name": "green", "cidrs": ["100.64.0.0/16"]}]}],
)  # fmt: skip
def test_what_the_spec_renders_is_read_back(data):
    spec = ClusterSpec.load(data)
    pools = wanted_pools(cilium_values(spec, catalog(), nodes=3))
    assert pools.ipam == spec.cilium_ipam
    assert pools.pool == Pool(spec.pool, spec.pod_cidr_mask_size)
    assert pools.named == {pool.name: Pool(pool.cidrs, pool.mask_size) for pool in spec.cilium_pools}
    assert wanted_pools({"ipam": {"mode": pools.ipam, **as_values(pools)["ipam"]}}) == pools


KEYS = [*MULTI, "cluster-pool-ipv4-cidr", "cluster-pool-ipv4-mask-size"]
TEXTS = ["cluster-pool", "multi-pool", CREATED, "x=,;:", "=", "fd00::/104"]


@given(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(TEXTS) | st.text()))
def test_whatever_is_written_there_is_read(config):
    running_pools(replace(PLAIN, cilium=config))
