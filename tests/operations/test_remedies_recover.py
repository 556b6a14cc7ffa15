"""The climb: the least remedy for the cause, a look after each, no rung twice, and a hand-over with everything seen."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyinfra.api.exceptions import NestedOperationError

from kubestead.diagnose import LADDER, Cause, Diagnosis, Remedy, advice
from kubestead.facts.nodemarks import NodeMarks
from kubestead.operations.steps import StepFailed
from kubestead.phases import recover
from tests.operations.patient import Time, control_plane, node

HEALTHY, MASKED, FROZEN = Cause.HEALTHY, Cause.KUBELET_MASKED, Cause.CONTAINERD_FROZEN
CRASHING, CORDONED = Cause.KUBELET_CRASHING, Cause.CORDONED


class Play:
    """A node with one cause after the other, the last one for good; its remedies write down that they were taken."""

    def __init__(self, causes: Sequence[Cause], failing: Sequence[Remedy] = ()) -> None:
        self.causes, self.failing, self.taken = list(causes), failing, []

    def look(self, nodes: object) -> list[Diagnosis]:
        # While a remedy settles the node goes on being looked at; a cause here is what it is between two remedies.
        cause = self.causes[min(len(self.taken), len(self.causes) - 1)]
        return [Diagnosis("node1", cause, (f"seen: {cause}",), LADDER[cause], advice(cause, "node1"))]

    def take(self, remedy: Remedy) -> None:
        self.taken.append(remedy)
        if remedy in self.failing:
            raise NestedOperationError(remedy.value)

    def climb(self) -> None:
        api = control_plane(facts={NodeMarks: {}})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(recover, "look", self.look)
            patch.setattr(recover, "time", Time())
            patch.setattr(recover, "_rungs", lambda *_: {one: lambda one=one: self.take(one) for one in DEPLOYS})
            recover._climb(node(), None, api)


DEPLOYS = [one for one in Remedy if one not in (Remedy.POWER_CYCLE, Remedy.OUT_OF_SERVICE)]


def test_a_healthy_node_is_left_alone():
    play = Play([HEALTHY])
    play.climb()
    assert play.taken == []


def test_the_least_remedy_comes_first_and_is_enough_where_it_helps():
    play = Play([MASKED, HEALTHY])
    play.climb()
    assert play.taken == [Remedy.RESTART_KUBELET]


def test_two_faults_are_mended_one_after_the_other():
    play = Play([FROZEN, MASKED, HEALTHY])
    play.climb()
    assert play.taken == [Remedy.RESTART_CONTAINERD, Remedy.RESTART_KUBELET]


@pytest.mark.parametrize("failing", [[], [Remedy.RESTART_KUBELET]])
def test_a_remedy_that_does_not_help_or_fails_is_followed_by_the_next(failing):
    play = Play([CRASHING, CRASHING, HEALTHY], failing)
    play.climb()
    assert play.taken == [Remedy.RESTART_KUBELET, Remedy.RESTORE_NODE]


def test_at_the_end_of_the_ladder_a_person_gets_what_was_seen_and_tried():
    play = Play([CRASHING])
    with pytest.raises(StepFailed) as error:
        play.climb()
    assert play.taken == list(LADDER[CRASHING])
    assert str(error.value) == (
        "node1: handed over: kubelet-crashing: seen: kubelet-crashing; tried: restart_kubelet, restore_node, reboot, "
        "rejoin; next: on node1: sudo journalctl -u kubelet -n 50"
    )


def test_what_no_remedy_may_cure_is_handed_over_at_once():
    play = Play([CORDONED])
    with pytest.raises(StepFailed, match=r"no remedy may help here; next: .*uncordon node1"):
        play.climb()
    assert play.taken == []


def test_a_cordon_that_a_remedy_left_is_lifted(monkeypatch):
    play = Play([CORDONED])

    def lift(node, control_plane):
        play.causes = [HEALTHY]
        return True

    monkeypatch.setattr(recover, "uncordon_ours", lift)
    play.climb()
    assert play.taken == []


@settings(deadline=None)  # no test is timed
@given(st.lists(st.sampled_from(list(Cause)), min_size=1, max_size=12), st.lists(st.sampled_from(DEPLOYS)))
def test_it_always_ends_and_never_takes_what_the_cause_does_not_allow(causes, failing):
    play = Play(causes, failing)
    try:
        play.climb()
        assert play.look(None)[0].cause is HEALTHY
    except StepFailed:
        pass
    for cause, remedy in zip([*causes, *[causes[-1]] * len(play.taken)], play.taken, strict=False):
        assert remedy in LADDER[cause]


def test_every_rung_a_deploy_can_take_is_there():
    assert set(recover._rungs(node(), None, control_plane())) == set(DEPLOYS)
