"""Who may start a cluster: never a second one by accident."""

import pytest

from kubestead.membership import Membership, may_initialise

BARE = Membership()
MEMBER = Membership(is_member=True, server="https://k8s-api:6443")
CONTROL_PLANE = Membership(is_control_plane=True, is_member=True)


@pytest.mark.parametrize(
    ("membership", "joined"),
    [(BARE, False), (MEMBER, True), (Membership(is_member=True, interrupted="join"), False)],
)
def test_half_a_member_is_none(membership, joined):
    assert membership.joined is joined


@pytest.mark.parametrize(
    ("control_planes", "workers", "answers"),
    [
        ({}, {}, False),
        ({"cp": BARE}, {"w": BARE}, False),
        ({"cp": BARE}, {"w": Membership(is_member=True, interrupted="join")}, False),
        ({"cp": BARE, "cp2": Membership(is_control_plane=True, interrupted="init")}, {}, False),
        ({"cp": Membership(interrupted="init", has_etcd_data=True)}, {}, True),
    ],
    ids=["nobody else", "all bare", "a half join", "another's half init", "our own half init"],
)
def test_a_cluster_may_be_started(control_planes, workers, answers):
    assert may_initialise("cp", control_planes, workers, answers) == []


@pytest.mark.parametrize(
    ("control_planes", "workers", "answers", "where", "fix"),
    [
        ({"cp": BARE, "cp2": CONTROL_PLANE}, {}, False, "cp2", "put cp2 first"),
        ({"cp": BARE}, {"w": MEMBER}, False, "w", "deploys/reset.py --limit w"),
        ({"cp": Membership(has_etcd_data=True)}, {}, False, "cp", "deploys/reset.py --limit cp"),
        ({"cp": BARE}, {}, True, "control_plane_endpoint", "endpoint of its own"),
        ({"cp": Membership(interrupted="init")}, {"w": MEMBER}, True, "w", "reset"),
    ],
    ids=["another control plane", "a member", "etcd data", "the endpoint answers", "a member of the wiped one"],
)
def test_a_second_cluster_is_refused(control_planes, workers, answers, where, fix):
    (finding,) = may_initialise("cp", control_planes, workers, answers)
    assert finding.where == where
    assert finding.severity == "error"
    assert fix in finding.fix


def test_every_reason_is_told_at_once():
    findings = may_initialise(
        "cp", {"cp": Membership(has_etcd_data=True), "cp2": CONTROL_PLANE}, {"w1": MEMBER, "w2": MEMBER}, True
    )
    assert [finding.where for finding in findings] == ["cp2", "w1", "w2", "cp", "control_plane_endpoint"]
