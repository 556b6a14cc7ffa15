"""How much room there is, counted address by address."""

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubestead.netplan import capacity, check_capacity
from kubestead.spec import ClusterSpec
from tests.unit.netplan.tiny import MASK, as_written, members, network, owned, plans


def handed_out(part):
    """The addresses of a part Cilium gives to somebody."""
    every = sorted(members(str(part)))
    return every[1:-1] if len(every) > 2 else every


def pieces(texts, mask):
    return [part for text in texts for part in IPv4Network(text).subnets(new_prefix=mask)]


def unlike(texts):
    """Capacity is that of a plan in which nothing meets."""
    return len({address for text in texts for address in members(text)}) == sum(len(members(text)) for text in texts)


@given(plans(), st.sampled_from(["cluster-pool", "multi-pool", "kubernetes"]), st.integers(1, 400), st.booleans())
def test_it_is_what_counting_gives(plan, ipam, most, ingress):
    pool = [plan.data["pod_cidr"], *([] if ipam == "kubernetes" else plan.data["cilium_more_pod_cidrs"])]
    spec = as_written(
        {**plan.data, "cilium_ipam": ipam, "kubelet_config": {"maxPods": most}, "cilium_ingress": ingress}
    )
    room, taken = capacity(spec), 3 if ingress else 2
    parts = [handed_out(part) for part in pieces(pool, MASK)]
    beside = [
        address
        for one in plan.data["cilium_pools"] if ipam == "multi-pool"
        for part in pieces(one["cidrs"], one["mask_size"])
        for address in handed_out(part)
    ]  # fmt: skip
    assert room.nodes == len(parts)
    if ipam == "multi-pool":
        # One node with every part there is; every node with one part, and what the other pools have besides.
        alone = len([address for part in parts for address in part]) - taken + len(beside)
        together = sum(len(part) - taken for part in parts) + len(beside)
    else:
        alone = len(parts[0]) - taken
        together = sum(min(most, len(part) - taken) for part in parts)
    assert room.pods_per_node == min(most, alone)
    assert room.limit == ("maxPods" if most <= alone else "addresses")
    assert room.pods == min(together, most * len(parts))
    assert room.services == len(members(plan.data["service_cidr"])) - 2
    balanced = [own.given for own in owned(plan.data) if own.kind == "balanced"]
    assert room.load_balancer_addresses == len(frozenset().union(*balanced))


def test_the_lab():
    assert str(capacity(ClusterSpec())) == (
        "room for 65,536 nodes, 110 pods on each (maxPods), 7,208,960 pods, 65,534 services"
    )


@pytest.mark.parametrize(
    ("config", "pods", "limit"),
    [({}, 110, "maxPods"), ({"maxPods": 0}, 110, "maxPods"), ({"maxPods": 252}, 252, "maxPods"),
     ({"maxPods": 253}, 252, "addresses"), ({"maxPods": "many"}, 110, "maxPods"), ({"maxPods": True}, 110, "maxPods")],
)  # fmt: skip
def test_kubelet_and_the_nodes_part_bind(config, pods, limit):
    room = capacity(ClusterSpec.load({"kubelet_config": config}))
    assert (room.pods_per_node, room.limit) == (pods, limit)


def findings(nodes, **data):
    return list(check_capacity(as_written(data), nodes))


@given(network(24, 28), st.lists(network(24, 28), max_size=2), st.integers(1, 40))
def test_a_pool_with_less_than_twice_the_nodes_parts_is_told(cidr, more, nodes):
    texts = [str(cidr), *map(str, more)]
    found = findings(nodes, pod_cidr=texts[0], cilium_more_pod_cidrs=texts[1:], pod_cidr_mask_size=28,
                     kubelet_config={"maxPods": 5})  # fmt: skip
    parts = len(pieces(texts, 28))
    # With fewer parts than nodes the address plan itself refuses it.
    assert [finding.where for finding in found] == ["pod_cidr"] * (nodes <= parts < 2 * nodes)
    assert {finding.severity for finding in found} <= {"warning"}


def test_a_kubelet_that_takes_more_pods_than_it_has_addresses_for():
    (finding,) = findings(3, pod_cidr_mask_size=26)
    assert finding.where == "pod_cidr_mask_size"
    assert finding.reason == "leaves a node 60 addresses for pods, and kubelet takes up to 110 pods (maxPods)"
    assert finding.fix == (
        "write kubelet_config = {'maxPods': 60}, or, before the cluster is built, pod_cidr_mask_size = 25"
    )
    assert findings(3, pod_cidr_mask_size=26, cilium_ipam="multi-pool") == []
    assert findings(3, pod_cidr_mask_size=26, kubelet_config={"maxPods": 60}) == []
