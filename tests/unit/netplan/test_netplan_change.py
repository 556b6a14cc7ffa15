"""What may change of a running cluster's pools, against counting in a tiny space."""

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubestead.netplan import PodPools, Pool, check_pool_change
from tests.unit.netplan.tiny import members, network

cidrs = st.lists(network(24, 28), min_size=1, max_size=4, unique=True).map(tuple)
sizes = st.sampled_from([28, 29, None])
names = st.dictionaries(st.sampled_from(["green", "blue"]), st.builds(Pool, cidrs, sizes), max_size=2)
modes = st.sampled_from(["cluster-pool", "multi-pool"])


def nets(*texts):
    return tuple(map(IPv4Network, texts))


def pools(*texts, mask=24, ipam="cluster-pool", **named):
    return PodPools(ipam, Pool(nets(*texts), mask), {name: Pool(nets(*cidrs)) for name, cidrs in named.items()})


def counted(pool):
    return [frozenset(members(str(cidr))) for cidr in pool.cidrs]


@given(modes, cidrs, st.lists(network(24, 28), max_size=3), st.permutations(range(4)), sizes, sizes)
def test_only_what_stays_where_it_was_and_grows_at_the_end_passes(ipam, before, more, order, size, other):
    """Nothing moved: every old network is at its old place, address by address, and parts keep their size."""
    after = [*before, *more]
    after = tuple(after[place] for place in order if place < len(after)) or before
    running, wanted = Pool(before, size), Pool(after, other)
    found = check_pool_change(PodPools(ipam, running), PodPools(ipam, wanted))
    old, new = counted(running), counted(wanted)
    same_place = all(place < len(new) and new[place] == addresses for place, addresses in enumerate(old))
    # With several pools each is a set to Cilium; only the spec's own pod_cidr is told apart.
    kept = new[0] == old[0] and set(old) <= set(new) if ipam == "multi-pool" else same_place
    resized = size is not None and other not in (None, size)
    assert {change.key for change in found} <= {"pod_cidr", "cilium_more_pod_cidrs", "pod_cidr_mask_size"}
    assert bool([change for change in found if change.key != "pod_cidr_mask_size"]) == (not kept)
    assert ("pod_cidr_mask_size" in {change.key for change in found}) == resized
    assert all(change.reason.endswith("cannot be changed in place") for change in found)


@given(modes, cidrs, cidrs, sizes, sizes, names, names)
def test_what_is_said_to_keep_passes(ipam, before, after, size, other, named, wanted_named):
    running, wanted = PodPools(ipam, Pool(before, size), named), PodPools(ipam, Pool(after, other), wanted_named)
    written = {
        "pod_cidr": str(after[0]),
        "cilium_more_pod_cidrs": [str(cidr) for cidr in after[1:]],
        "pod_cidr_mask_size": other,
        "cilium_pools": [
            {"name": name, "cidrs": [str(cidr) for cidr in pool.cidrs], "mask_size": pool.mask_size}
            for name, pool in wanted_named.items()
        ],
    }
    written |= {change.key: change.keep for change in check_pool_change(running, wanted)}
    pool = Pool(nets(written["pod_cidr"], *written["cilium_more_pod_cidrs"]), written["pod_cidr_mask_size"])
    named_after = {
        one["name"]: Pool(nets(*one["cidrs"]), one.get("mask_size")) for one in written["cilium_pools"]
    }  # fmt: skip
    assert check_pool_change(running, PodPools(ipam, pool, named_after)) == []


@pytest.mark.parametrize(
    ("before", "after", "key", "words"),
    [
        (["10.0.0.0/8"], ["10.128.0.0/9"], "pod_cidr", "10.0.0.0/8, of which 10.128.0.0/9 is a part: nodes may"),
        (["10.0.0.0/9"], ["10.0.0.0/8"], "pod_cidr", "10.0.0.0/9, which grows by another network at the pool's end"),
        (["10.0.0.0/8"], ["100.64.0.0/10"], "pod_cidr", "10.0.0.0/8, in which nodes have their parts"),
        (["10.1.0.0/16", "10.2.0.0/16"], ["10.1.0.0/16"], "cilium_more_pod_cidrs", "which nodes may have parts of"),
        (["10.1.0.0/16", "10.2.0.0/16"], ["10.1.0.0/16", "10.9.0.0/16", "10.2.0.0/16"], "cilium_more_pod_cidrs",
         "10.2.0.0/16, as number 2 of the pool, where new networks go to the end"),
    ],
)  # fmt: skip
def test_the_reason_says_what_happened(before, after, key, words):
    (change,) = check_pool_change(pools(*before), pools(*after))
    assert change.key == key
    assert words in change.reason


def test_a_network_put_in_between_is_moved_to_the_end():
    (change,) = check_pool_change(
        pools("10.1.0.0/16", "10.2.0.0/16"), pools("10.1.0.0/16", "10.9.0.0/16", "10.2.0.0/16")
    )
    assert change.keep == ["10.2.0.0/16", "10.9.0.0/16"]


def test_parts_keep_their_size():
    (change,) = check_pool_change(pools("10.0.0.0/8", mask=24), pools("10.0.0.0/8", mask=25))
    assert (change.key, change.keep) == ("pod_cidr_mask_size", 24)
    assert change.reason == "24, the size every node's part already has, and it cannot be changed in place"


def test_services_stay():
    running = PodPools("cluster-pool", service_cidr=IPv4Network("10.96.0.0/12"))
    (change,) = check_pool_change(running, PodPools("cluster-pool", service_cidr=IPv4Network("172.20.0.0/16")))
    assert (change.key, change.keep) == ("service_cidr", "10.96.0.0/12")


def test_a_pool_beside_the_default_one_goes_only_when_nobody_has_a_part_of_it():
    running = pools("10.0.0.0/8", ipam="multi-pool", green=["100.64.0.0/16"])
    (change,) = check_pool_change(running, pools("10.0.0.0/8", ipam="multi-pool"))
    assert change.key == "cilium_pools"
    assert "kubectl get ciliumnodes" in change.reason
    assert change.keep == [{"name": "green", "cidrs": ["100.64.0.0/16"]}]


def test_a_pool_beside_the_default_one_may_grow_and_another_may_come():
    running = pools("10.0.0.0/8", ipam="multi-pool", green=["100.64.0.0/16"])
    wanted = pools("10.0.0.0/8", ipam="multi-pool", green=["100.64.0.0/16", "100.65.0.0/16"], blue=["100.66.0.0/16"])
    assert check_pool_change(running, wanted) == []


def test_another_ipam_is_another_cluster():
    assert check_pool_change(pools("10.0.0.0/8"), pools("10.9.0.0/16", ipam="multi-pool")) == []
