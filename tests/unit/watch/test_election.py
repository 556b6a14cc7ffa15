"""Of two watchers one acts; the other takes over when the first is gone, and only then."""

from __future__ import annotations

import pytest

from kubestead.watch.api import Unanswered, connect
from kubestead.watch.election import NAME, Election, Terms

TERMS = Terms()


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def two(kubeconfig, clock):
    return [Election(connect(kubeconfig), name, terms=TERMS, clock=clock) for name in ("one", "two")]


def test_the_first_to_ask_leads(two, fake):
    for election in two:
        election.step()
    assert [election.leads() for election in two] == [True, False]
    assert fake.objects["leases"][NAME]["spec"]["holderIdentity"] == "one"
    assert two[1].holder == "one"


def test_a_renewed_lease_is_kept_for_ever(two, clock):
    for _ in range(20):
        for election in two:
            election.step()
        clock.now += TERMS.period
    assert two[0].leads()
    assert not two[1].leads()


def test_the_other_takes_over_when_the_holder_is_gone(two, clock, fake):
    for election in two:
        election.step()
    clock.now += TERMS.duration - 1
    two[1].step()
    assert not two[1].leads(), "too early"
    assert not two[0].leads(), "a holder stops before its Lease may be taken"
    clock.now += 1
    two[1].step()
    assert two[1].leads()
    assert fake.objects["leases"][NAME]["spec"]["leaseTransitions"] == 1


def test_the_old_holder_sees_that_it_lost(two, clock):
    for election in two:
        election.step()
    clock.now += TERMS.duration
    two[1].step()
    two[0].step()
    assert not two[0].leads()
    assert two[0].holder == "two"


def test_a_lease_somebody_else_wrote_is_lost_at_once_and_not_taken_back(two, clock, fake):
    two[0].step()
    lease = {**fake.objects["leases"][NAME]}
    lease["spec"] = {**lease["spec"], "holderIdentity": "two"}
    fake.put("leases", lease)
    with pytest.raises(Unanswered):
        two[0].step()
    two[0]._version = ""  # as the loop does after a failure
    two[0].step()
    assert not two[0].leads()
    two[0].step()
    assert fake.objects["leases"][NAME]["spec"]["holderIdentity"] == "two"


def test_a_holder_that_cannot_renew_stops_by_itself(two, clock, fake):
    two[0].step()
    fake.down = True
    clock.now += TERMS.deadline - 1
    with pytest.raises(Unanswered):
        two[0].step()
    assert two[0].leads()
    clock.now += 1
    assert not two[0].leads()


def test_two_that_ask_at_the_same_moment_cannot_both_have_it(two, clock, fake):
    for election in two:
        election.step()
    clock.now += TERMS.duration
    version = fake.objects["leases"][NAME]["metadata"]["resourceVersion"]
    two[1].step()
    two[0]._version, two[0].holder = version, "two"  # as if it had read before the other wrote
    with pytest.raises(Unanswered):
        two[0]._take()
    assert not two[0].leads()


def test_the_lease_is_given_back(two, clock, fake):
    for election in two:
        election.step()
    two[0].stop()
    assert not two[0].leads()
    two[1].step()
    assert two[1].leads(), "without waiting for the Lease to run out"


def test_a_dry_run_looks_but_never_leads(kubeconfig, clock, fake):
    election = Election(connect(kubeconfig), "dry", compete=False, terms=TERMS, clock=clock)
    election.step()
    assert not election.leads()
    assert not fake.objects["leases"]


def test_a_clock_set_wrong_elsewhere_changes_nothing(two, clock, fake):
    two[0].step()
    lease = fake.objects["leases"][NAME]
    lease["spec"]["renewTime"] = "2001-01-01T00:00:00.000000Z"
    fake.put("leases", lease)
    two[1].step()
    assert not two[1].leads()
