"""For any sequence of node states and outcomes: the guards hold, and it ends."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from kubestead.diagnose import LADDER, Cause, Diagnosis, Remedy
from kubestead.recovery.attempts import Attempt, Handed, Outcome
from kubestead.recovery.etcd import quorum
from kubestead.recovery.guards import allowed
from kubestead.recovery.history import History
from kubestead.recovery.policy import at_work, decide
from kubestead.recovery.settings import Settings
from kubestead.recovery.weight import WEIGHT, Weight
from kubestead.recovery.without_api import decide_without_api
from kubestead.recovery.world import Apply, Diagnose, HandOver, Look, NodeState, Recovered, World

LIMITS = Settings()
NAMES = [f"node{number}" for number in range(7)]


def diagnosis(name, cause):
    return Diagnosis(name, cause, ("seen",), LADDER[cause], "look")


@st.composite
def looks(draw, name):
    cause = draw(st.sampled_from(list(Cause)))
    count = draw(st.integers(1, 5))
    return Look(diagnosis(name, cause), draw(st.floats(0, 700)), count, draw(st.integers(1, count)))


@st.composite
def states(draw, name, control_plane):
    """Half of the nodes are plainly well or plainly ill, so that remedies are chosen often; the rest is anything."""
    kind = draw(st.sampled_from(["well", "well", "ill", "any"]))
    if kind == "well":
        return NodeState(name, control_plane, lease_age=draw(st.floats(0, 11)), healthy_for=100)
    if kind == "ill":
        cause = draw(st.sampled_from([Cause.HOST_OFF, Cause.KUBELET_STOPPED, Cause.KUBELET_BAD_CONFIG]))
        seen = Look(diagnosis(name, cause), 0, 3, 3)
        return NodeState(name, control_plane, lease_age=draw(st.floats(16, 99)), has_power=True, look=seen)
    ready = draw(st.booleans())
    busy, remedy = draw(
        st.one_of(
            st.just(("", None)),
            st.just(("diagnosing", None)),
            st.tuples(st.sampled_from(["applying", "verifying"]), st.sampled_from(list(Remedy))),
        )
    )
    return NodeState(
        name=name,
        control_plane=control_plane,
        managed=draw(st.booleans()),
        known=draw(st.booleans()),
        young=draw(st.booleans()),
        present=draw(st.booleans()),
        ready=ready,
        not_ready_for=0 if ready else draw(st.floats(0, 1000)),
        lease_age=draw(st.floats(0, 1000)),
        missing_for=draw(st.floats(0, 1000)),
        healthy_for=draw(st.floats(0, 1000)),
        cordoned=draw(st.booleans()),
        paused=draw(st.booleans()),
        has_power=draw(st.booleans()),
        busy=busy,
        remedy=remedy,
        look=draw(st.none() | looks(name)),
    )


@st.composite
def worlds(draw):
    planes = draw(st.integers(1, 5))
    names = NAMES[: draw(st.integers(planes, len(NAMES)))]
    nodes = tuple(draw(states(name, number < planes)) for number, name in enumerate(names))
    well = dict.fromkeys(names[:planes], True)
    etcd = draw(st.sampled_from([well, well, None]) | st.dictionaries(st.sampled_from(NAMES), st.booleans()))
    return World(nodes, paused=draw(st.sampled_from([False] * 8 + [True, None])), etcd=etcd)


@st.composite
def histories(draw):
    history = History()
    for _ in range(draw(st.integers(0, 6))):
        name, remedy = draw(st.sampled_from(NAMES)), draw(st.sampled_from(list(Remedy)))
        started = draw(st.floats(0, 100_000))
        climb = history.open.get(name, started)
        history = history.began(Attempt(name, climb, "unknown", remedy, started, "w"))
        history = history.ended(name, draw(st.sampled_from(list(Outcome))), started + 10)
        if draw(st.booleans()):
            history = history.handed_over(name, Handed(started, "unknown", "why"))
    names = st.frozensets(st.sampled_from(NAMES))
    return history.seen(draw(names), draw(names), draw(names))


def applied(world, history, now=100_000.0):
    nodes = {node.name: node for node in world.nodes}
    decisions = decide(world, history, now, LIMITS)
    assert len({one.node for one in decisions}) == len(decisions)
    return nodes, [one for one in decisions if isinstance(one, Apply)]


@given(worlds(), histories())
@settings(max_examples=150, deadline=None)
def test_a_healthy_paused_or_foreign_node_is_never_touched(world, history):
    nodes, applies = applied(world, history)
    for one in applies:
        node = nodes[one.node]
        assert not node.healthy(LIMITS)
        assert node.suspect(LIMITS)
        assert not node.paused
        assert world.paused is False
        assert node.managed
        assert not node.busy
        assert not node.young
        assert one.remedy in one.diagnosis.remedies
        assert node.look is not None
        assert node.look.age <= LIMITS.fresh
        assert not node.cordoned


@given(worlds(), histories())
@settings(max_examples=150, deadline=None)
def test_never_more_than_the_share(world, history):
    nodes, applies = applied(world, history)
    unwell = sum(not node.healthy(LIMITS) for node in world.nodes)
    work = [*(remedy for _, remedy in at_work(world)), *(one.remedy for one in applies)]
    if unwell > allowed(len(nodes), LIMITS.max_unhealthy):
        assert all(WEIGHT[one.remedy] is Weight.SERVICE for one in applies)
        assert not applies or len(work) == 1
    if applies:
        assert len(work) <= max(1, allowed(len(nodes), LIMITS.max_unhealthy))
    if any(WEIGHT[one.remedy] is Weight.DISRUPTIVE for one in applies):
        assert sum(WEIGHT[remedy] is Weight.DISRUPTIVE for remedy in work) == 1


@given(worlds(), histories())
@settings(max_examples=150, deadline=None)
def test_one_control_plane_at_a_time_and_never_below_quorum(world, history):
    nodes, applies = applied(world, history)
    planes = [node for node in world.nodes if node.control_plane]
    mine = [one for one in applies if nodes[one.node].control_plane]
    if mine:
        assert len(mine) + sum(bool(node.busy and node.remedy) for node in planes) == 1
    for one in mine:
        assert one.remedy is not Remedy.REJOIN
        if WEIGHT[one.remedy] is Weight.DISRUPTIVE:
            others = {node.name for node in planes if node.healthy(LIMITS) and node.name != one.node}
            assert len(others) >= quorum(len(planes))
            assert world.etcd is not None
            ready = {name for name, well in world.etcd.items() if well and name != one.node}
            assert len(ready) >= quorum(len({*world.etcd, *(node.name for node in planes)}))


@given(worlds(), histories())
def test_a_watcher_that_does_not_lead_does_nothing(world, history):
    assert decide(replace(world, leading=False), history, 100_000.0, LIMITS) == []


@given(worlds(), histories(), st.sampled_from([True, None]))
@settings(deadline=None)
def test_paused_or_not_known_to_be_nothing_is_looked_at_or_touched(world, history, paused):
    decisions = decide(replace(world, paused=paused), history, 100_000.0, LIMITS)
    assert not [one for one in decisions if isinstance(one, (Apply, Diagnose))]


@given(
    st.lists(states("node0", True) | states("node1", True), max_size=4),
    st.sampled_from([False, False, True, None]),
    histories(),
    st.floats(0, 1000),
)
@settings(max_examples=150, deadline=None)
def test_without_the_api_only_services_of_one_control_plane_are_restarted(planes, paused, history, silent_for):
    planes = list({node.name: node for node in planes}.values())
    states = {node.name: node for node in planes}
    decisions = decide_without_api(planes, paused, history, 1e5, silent_for, LIMITS)
    assert not decisions or paused is False
    assert not any(states[one.node].paused or states[one.node].cordoned for one in decisions)
    applies = [one for one in decisions if isinstance(one, Apply)]
    assert len(applies) <= 1
    assert all(one.remedy in (Remedy.RESTART_KUBELET, Remedy.RESTART_CONTAINERD) for one in applies)
    if silent_for < LIMITS.api_silent_after:
        assert not applies


ILL = {"present": True, "ready": False, "not_ready_for": 500.0, "lease_age": 500.0}
WELL = {"present": True, "ready": True, "not_ready_for": 0.0, "lease_age": 3.0, "healthy_for": 100.0}


@given(
    st.lists(
        st.tuples(
            st.sampled_from([cause for cause in Cause if LADDER[cause]]),
            st.sampled_from([Outcome.RECOVERED, Outcome.FAILED, Outcome.TIME_LIMIT, Outcome.INTERRUPTED, Outcome.DONE]),
            st.floats(0.5, 600),
        ),
        min_size=1,
        max_size=12,
    ),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_it_always_ends(script, returns):
    """A node that falls over again and again, whatever the outcomes: the budget bounds what is done in six hours."""
    history, now, remedies, climbs = History(), 1e6, 0, set()
    others = (NodeState("cp", control_plane=True, lease_age=1), NodeState("other", lease_age=1))
    end, step = now + LIMITS.budget_window, 0
    while now < end:
        cause, outcome, took = script[step % len(script)]
        node = NodeState("node0", has_power=True, look=Look(diagnosis("node0", cause), 0, 3, 3), **ILL)
        decisions = decide(World((*others, node)), history, now, LIMITS)
        for one in decisions:
            assert one.node == "node0"
            if isinstance(one, Apply):
                remedies, step = remedies + 1, step + 1
                climbs.add(one.climb)
                history = history.began(Attempt("node0", one.climb, str(cause), one.remedy, now, "w"))
                now += took
                history = history.ended("node0", outcome, now)
            elif isinstance(one, HandOver):
                history = history.handed_over("node0", Handed(now, str(cause), one.why))
        if returns:
            node = NodeState("node0", has_power=True, **WELL)
            for one in decide(World((*others, node)), history, now, LIMITS):
                assert isinstance(one, Recovered)
                history = history.recovered("node0")
        now += 30
    assert len(climbs) <= LIMITS.budget
    # Every rung at most once in a climb; twice where it was interrupted once.
    assert remedies <= LIMITS.budget * len(Remedy) * 2


@given(histories())
def test_a_history_survives_its_json(history):
    assert History.from_json(history.to_json()) == history
