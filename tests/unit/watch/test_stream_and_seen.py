"""What is seen of the nodes: by streams, by our own clock, and not while the API is away."""

from __future__ import annotations

import pytest

from kubestead.watch.api import NODES
from kubestead.watch.seen import SeenNodes
from kubestead.watch.stream import Stream


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def seen(clock):
    return SeenNodes(clock)


def lease(name, renewed):
    return {"metadata": {"name": name}, "spec": {"renewTime": renewed}}


def node(name, ready="True"):
    return {
        "metadata": {"name": name, "creationTimestamp": "2020-01-01T00:00:00Z"},
        "status": {"conditions": [{"type": "Ready", "status": ready}], "nodeInfo": {"bootID": "b"}},
    }


def age(seen, name):
    return seen.node(name)[1]


def test_a_lease_is_as_old_as_we_saw_it_change_not_as_its_own_clock_says(seen, clock):
    seen.list_nodes([node("a")])
    seen.list_leases([lease("a", "2001-01-01T00:00:00Z")])
    assert age(seen, "a") == 0
    clock.now += 11
    seen.change_lease("MODIFIED", lease("a", "2001-01-01T00:00:00Z"))
    assert age(seen, "a") == 11
    seen.change_lease("MODIFIED", lease("a", "2001-01-01T00:00:10Z"))
    assert age(seen, "a") == 0


def test_a_silent_stream_makes_no_lease_old_but_asks_for_a_list(seen, clock):
    seen.list_nodes([node("a")])
    seen.list_leases([lease("a", "1")])
    clock.now += 11
    assert not seen.unchecked([12, 15])
    clock.now += 2
    assert age(seen, "a") == 0
    assert seen.unchecked([12, 15])
    seen.list_leases([lease("a", "1")])
    assert age(seen, "a") == 13
    assert not seen.unchecked([12, 15]), "once for each age"
    clock.now += 2
    assert seen.unchecked([12, 15])


def test_while_the_api_is_away_nothing_grows_older(seen, clock):
    seen.list_nodes([node("a"), node("late"), node("ill", "False")])
    seen.list_leases([lease("a", "1"), lease("late", "1")])
    clock.now += 13
    seen.change_lease("MODIFIED", lease("a", "2"))
    clock.now += 60
    seen.blind_for(60, late=12)
    assert age(seen, "a") == 0
    assert age(seen, "late") == 13
    assert clock.now - seen.node("ill")[0].not_ready_since == 13


def test_a_node_that_goes_and_comes(seen, clock):
    seen.list_nodes([node("a"), node("b")])
    seen.list_nodes([node("b")])
    assert not seen.node("a")[0].present
    assert seen.node("a")[0].missing_since == clock.now
    clock.now += 100
    seen.change_node("ADDED", node("a"))
    seen.list_leases([])
    assert seen.node("a")[0].present
    assert age(seen, "a") == 0


def test_a_node_expected_from_the_history_is_missing_from_then_on(seen, clock):
    seen.list_nodes([node("b")])
    seen.expect(["a", "b"], ())
    assert seen.node("a")[0].missing_since == clock.now
    assert seen.node("b")[0].missing_since is None


@pytest.fixture
def streamed(api, fake):
    seen = SeenNodes()
    troubles = []
    stream = Stream(api, NODES, seen.list_nodes, seen.change_node, troubles.append)
    stream.start()
    yield seen, stream, troubles
    stream.stop()


def test_a_stream_lists_once_and_then_only_watches(streamed, fake, until, api):
    seen, _, _ = streamed
    fake.node("a")
    until(lambda: seen.node("a"))
    fake.node("a", ready="Unknown")
    until(lambda: not seen.node("a")[0].ready)
    fake.delete("nodes", "a")
    until(lambda: not seen.node("a")[0].present)
    assert api.requests.counts() == {("GET", "nodes"): 1, ("WATCH", "nodes"): 1}


def test_a_stream_outlives_an_api_that_goes_away(streamed, fake, until, api):
    seen, _, troubles = streamed
    fake.node("a")
    until(lambda: seen.node("a"))
    asked = len(fake.seen)
    fake.down = True
    until(lambda: len(fake.seen) > asked)
    fake.node("b")
    fake.down = False
    until(lambda: seen.node("b"))
    assert not troubles, "the watcher says itself that the API is away"


def test_a_stream_that_is_refused_says_so(api, fake, until):
    troubles = []
    fake.refused = 403
    stream = Stream(api, NODES, lambda _: None, lambda *_: None, troubles.append)
    stream.start()
    until(lambda: troubles)
    stream.stop()
    assert "403" in troubles[0]


def test_a_stream_that_lost_its_place_lists_again(streamed, fake, until, api):
    seen, _stream, _ = streamed
    fake.node("a")
    until(lambda: seen.node("a"))
    with fake.lock:
        gone = {"code": 410, "reason": "Expired", "message": "too old", "metadata": {"resourceVersion": "99999"}}
        fake.log.append(("nodes", "ERROR", gone))
    fake.node("b")
    until(lambda: api.requests.counts().get(("GET", "nodes"), 0) >= 2)
    until(lambda: seen.node("b"))
