"""A pause of the whole cluster: read in time, and what is not known counts as paused."""

from __future__ import annotations

import pytest

from kubestead.watch.pause import EVERY, KNOWN_FOR, Pause

PAUSED = {"kubestead.dev/recovery": "paused"}


@pytest.fixture
def clock():
    return [1000.0]


@pytest.fixture
def troubles():
    return []


@pytest.fixture
def pause(api, clock, troubles):
    return Pause(api, troubles.append, lambda: clock[0])


def test_it_is_not_known_before_it_was_read(pause):
    assert (pause.now(), pause.last()) == (None, None)
    pause.read()
    assert (pause.now(), pause.last()) == (False, False)


@pytest.mark.parametrize(("kind", "name"), [("namespaces", "kube-system"), ("configmaps", "kubestead-recovery")])
def test_it_is_read_again_after_some_seconds(pause, fake, clock, kind, name):
    pause.read()
    fake.put(kind, {"metadata": {"name": name, "annotations": PAUSED}})
    pause.read()
    assert pause.now() is False
    clock[0] += EVERY
    pause.read()
    assert pause.now() is True


def test_what_cannot_be_read_is_not_known_any_more(pause, fake, clock, troubles):
    pause.read()
    fake.refused = 403
    clock[0] += KNOWN_FOR + 1
    pause.read()
    assert pause.now() is None
    assert pause.last() is False, "as long as the API is silent nobody can have changed it"
    assert troubles == ["pause: 403 Forbidden"]


def test_who_begins_to_lead_reads_it_at_once(pause, fake):
    pause.read()
    fake.put("namespaces", {"metadata": {"name": "kube-system", "annotations": PAUSED}})
    pause.forget()
    assert pause.now() is None
    pause.read()
    assert pause.now() is True


def test_nothing_is_done_while_it_cannot_be_read(lab, until):
    lab.fake.forbidden.add("namespaces")
    lab.watcher()
    until(lambda: len(lab.history().nodes) == 3)
    lab.fails("worker1")
    [line] = until(lambda: lab.audit("hold"))
    assert (line["guard"], line["why"]) == ("pause", "whether recovery is paused could not be read")
    assert not lab.audit("diagnosed")
    lab.fake.forbidden.clear()
    until(lab.ran)


@pytest.mark.parametrize("how", ["cluster", "cordon"])
def test_it_holds_while_the_api_is_silent_too(lab, until, how):
    _, parts = lab.watcher()
    until(lambda: len(lab.history().nodes) == 3)
    if how == "cluster":
        lab.fake.put("namespaces", {"metadata": {"name": "kube-system", "annotations": PAUSED}})
        until(parts.pause.now)
    else:
        lab.fake.node("cp", cordoned=True)
        until(lambda: parts.seen.node("cp")[0].cordoned)
    lab.fails("cp", "kubelet-stopped", "restart_kubelet")
    lab.fake.down = True
    until(lambda: lab.audit("api-silent"))
    with pytest.raises(AssertionError, match="it did not come"):
        until(lambda: lab.ran() or lab.audit("diagnosed"), seconds=2)
