"""Between the decision and the step that cannot be taken back time goes by: it is asked again."""

from __future__ import annotations

import pytest
from watchlab import FAST


def comes_back(lab, until, node="worker1"):
    """The node is well by itself, and the watcher has seen it."""
    lab.heals(node)
    until(lambda: lab.parts.seen.node(node)[1] < FAST.look_after)


@pytest.mark.parametrize("ladder", ["restart_kubelet", "power_cycle", "out_of_service"])
def test_a_node_that_came_back_while_the_history_was_written_is_left_alone(lab, until, ladder):
    ran = lab.folder / "power-used"
    power = {"worker1": {"status": f"touch {ran}; echo off", "off": f"touch {ran}", "on": f"touch {ran}"}}
    lab.watcher(power=power)
    until(lambda: len(lab.history().nodes) == 3)
    held_up = []

    def slow(kind):
        if kind == "configmaps" and not held_up:
            held_up.append(kind)
            comes_back(lab, until)

    lab.fake.before_write = slow
    lab.fails("worker1", "host-off", ladder)
    [ended] = until(lambda: lab.audit("ended"))
    assert (held_up, ended["outcome"]) == (["configmaps"], "interrupted")
    assert not lab.ran()
    assert not ran.exists()


def test_a_node_that_came_back_while_its_power_was_asked_keeps_its_pods(lab, until):
    asked, may_answer = lab.folder / "asked", lab.folder / "may-answer"
    status = f"touch {asked}; while [ ! -e {may_answer} ]; do sleep 0.05; done; echo off"
    lab.watcher(power={"worker1": {"status": status, "off": "true", "on": "true"}})
    until(lambda: len(lab.history().nodes) == 3)
    lab.fails("worker1", "host-off", "out_of_service")
    until(asked.exists)
    comes_back(lab, until)
    may_answer.touch()
    [ended] = until(lambda: lab.audit("ended"))
    assert ended["outcome"] == "interrupted"
    assert "taints" not in lab.fake.objects["nodes"]["worker1"]["spec"]
