"""Who is at work, and who is waited for at the end."""

from __future__ import annotations

import threading

import pytest

from kubestead.diagnose import Remedy
from kubestead.watch.jobs import Jobs


@pytest.mark.parametrize(("remedy", "waited_for"), [(Remedy.POWER_CYCLE, True), (Remedy.REBOOT, False)])
def test_only_a_host_between_off_and_on_is_waited_for_longer(remedy, waited_for):
    jobs, may_end, ended = Jobs(), threading.Event(), threading.Event()
    jobs.start(["w"], "applying", remedy, lambda: (may_end.wait(30), ended.set()))
    threading.Timer(0.3, may_end.set).start()
    jobs.join(0, power_seconds=30)
    assert ended.is_set() is waited_for
    may_end.set()
