"""The hosts an inventory file names, whatever it is given."""

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubestead.errors import InvalidInput
from kubestead.site import Site
from kubestead.site.model import HostSettings
from tests.unit.anything.anything import addresses, taken_or_told, texts, values

pairs = st.lists(
    st.tuples(texts | st.sampled_from(["node1", "node2", "Node_1"]), addresses | texts) | values | st.tuples(texts),
    max_size=4,
)


@given(pairs | values, pairs | values)
def test_any_hosts_an_inventory_names(control_plane, workers):
    taken_or_told(lambda: Site().inventory(control_plane, workers))


@pytest.mark.parametrize(
    ("control_plane", "workers", "words"),
    [
        ([("a", "192.0.2.1"), ("a", "192.0.2.2")], [], "host a: is named 2 times in control_plane"),
        ([("a", "192.0.2.1")], [("a", "192.0.2.2")], "host a: is in both groups"),
        ([("a", "192.0.2.1")], [("b", "192.0.2.1")], "has the same address as a"),
        ([("a", "fd00::1")], [], "'fd00::1': is not an IPv4 address"),
        ([("a", "224.0.0.1")], [], "'224.0.0.1': is no address of a machine"),
        ([("a", "192.0.2.999")], [], "so its node address is unknown"),
        ([("a", "a b")], [], "host a = 'a b': has neither an IP address nor a host name"),
        ([("A", "192.0.2.1")], [], "host A: is not a name a node can have"),
        (["a"], [], "control_plane.0 = 'a': must be a name and an address"),
        ([("a",)], [], "must be a name and an address"),
        ([("a", None)], [], "must be a name and an address"),
        ("a", [], "control_plane = 'a': must be a list of pairs"),
        ([], [], "has no control plane"),
    ],
)
def test_hosts_that_are_wrong(control_plane, workers, words):
    with pytest.raises(InvalidInput) as error:
        Site().inventory(control_plane, workers)
    assert words in str(error.value)


def test_a_key_that_is_no_file(home):
    for path in (home, home / "nowhere", home / "id"):
        (home / "id").touch(mode=0o644)
        settings = {"node1": HostSettings(address="192.0.2.1", key=path)}
        with pytest.raises(InvalidInput) as error:
            Site(hosts=settings).inventory([("node1", "")], [])
        assert str(path) in str(error.value)
    assert stat.S_IMODE((home / "id").stat().st_mode) == 0o644
