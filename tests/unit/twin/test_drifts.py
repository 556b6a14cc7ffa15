"""The table of drifts: whole, and the same in docs/runs.md."""

from __future__ import annotations

from tests.twin.drifts import DOCUMENT, OPERATOR, document, rounds


def test_the_document_names_the_drifts_that_are_tested():
    """Written by python -m tests.twin.drifts."""
    text = DOCUMENT.read_text()
    assert document(text) == text


def test_every_drift_is_of_a_kind_of_its_own_and_says_what_puts_it_right():
    drifts = [one for found in rounds().values() for one in found]
    assert len({one.resource for one in drifts}) == len(drifts) >= 20
    assert all(one.operations for one in drifts)
    assert {one.host for one in drifts} == {OPERATOR, "k8s-cp", "k8s-worker1", "k8s-worker2"}
