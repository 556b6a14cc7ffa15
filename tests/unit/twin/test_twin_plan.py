"""Which hosts a twin has and what everything of theirs is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubestead.errors import InvalidInput
from kubestead.twin.plan import MAX_CONTROL_PLANES, MAX_WORKERS, NETWORK, Plan, cgroup


def test_the_default_is_the_lab():
    assert [(n.name, n.address, n.group) for n in Plan().nodes] == [
        ("k8s-cp", "192.168.1.187", "control_plane"),
        ("k8s-worker1", "192.168.1.61", "workers"),
        ("k8s-worker2", "192.168.1.62", "workers"),
    ]


def test_further_hosts_get_the_addresses_that_follow():
    nodes = {n.name: n.address for n in Plan(control_planes=3, workers=4).nodes}
    assert nodes["k8s-cp2"] == "192.168.1.188"
    assert nodes["k8s-cp3"] == "192.168.1.189"
    assert nodes["k8s-worker4"] == "192.168.1.64"


@given(st.integers(1, MAX_CONTROL_PLANES), st.integers(0, MAX_WORKERS))
def test_names_addresses_and_interfaces_never_meet(control_planes, workers):
    nodes = Plan(control_planes=control_planes, workers=workers).nodes
    assert len({n.name for n in nodes}) == len({n.address for n in nodes}) == len({n.mac for n in nodes}) == len(nodes)
    assert all(len(n.name) <= 15 for n in nodes), "an interface's name has at most 15 characters"
    usable = {str(address) for address in NETWORK.hosts()} - {"192.168.1.1"}
    assert {n.address for n in nodes} <= usable


def test_everything_of_two_twins_differs():
    one, two = Plan("one").nodes[0], Plan("two").nodes[0]
    assert (one.name, one.address) == (two.name, two.address)
    assert one.netns != two.netns
    assert one.machine != two.machine
    assert one.mac != two.mac
    assert cgroup("one") != cgroup("two")


def test_a_twin_called_like_another_ones_host_has_another_namespace():
    assert Plan("a-k8s-cp").nodes[0].netns.split(".")[0] != Plan("a").nodes[0].netns


def test_a_mac_address_is_local_and_lasts():
    mac = Plan("one").nodes[0].mac
    assert int(mac[:2], 16) & 0b11 == 0b10
    assert mac == Plan("one").nodes[0].mac


@pytest.mark.parametrize("name", ["", "..", "a/b", "-a", "a-", "A", "a.b", "x" * 25, "a\n"])
def test_a_name_that_could_not_be_a_path_or_a_namespace_is_refused(name):
    with pytest.raises(InvalidInput, match="--name"):
        Plan(name)


def test_every_number_out_of_range_is_named_at_once():
    with pytest.raises(InvalidInput) as refused:
        Plan(control_planes=0, workers=MAX_WORKERS + 1)
    assert [f.where for f in refused.value.findings] == ["--control-planes", "--workers"]


def test_an_unknown_host_is_answered_with_those_there_are():
    with pytest.raises(InvalidInput, match="use one of k8s-cp, k8s-worker1"):
        Plan(workers=1).node("k8s-worker2")


def test_a_plan_comes_back_from_its_file_form():
    plan = Plan("one", 3, 5)
    assert Plan.from_data(plan.as_data() | {"image": "abc", "mirror": None}) == plan
