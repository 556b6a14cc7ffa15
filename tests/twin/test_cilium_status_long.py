"""``kubestead cilium status`` beside faults that take a minute to show or to mend: ``make test-long``."""

from __future__ import annotations

import pytest

from tests.twin.conftest import Twin, eventually
from tests.twin.test_cilium_status import advised, catalogued, only, until

pytestmark = pytest.mark.twin_long

WHY = "native routing cidr must be configured"


def test_an_agent_that_ends_at_its_start(built: Twin) -> None:
    with catalogued(built, "k8s-worker2", "cilium-node-config-bad"):

        def says_why() -> bool:
            # Before it ends for the first time its pod is only starting.
            found = until(built, ("agent-down", "k8s-worker2"))
            return WHY in " ".join(only(found, "agent-down")["evidence"])

        eventually(says_why, 90)
        # Of an agent that has just been started again there is no log to ask for yet.
        eventually(lambda: WHY in advised(built, only(until(built, ("agent-down", "k8s-worker2")), "agent-down")), 90)


def test_a_silent_api_leaves_the_agents_to_be_asked(built: Twin) -> None:
    with catalogued(built, "k8s-cp", "api-server-manifest-moved"):
        found = until(built, ("api-silent", "control plane"))
        assert only(found, "api-silent")["then"].startswith("kubestead doctor; on the control plane: sudo journalctl")
        assert [(one["name"], one["reached"]) for one in found["nodes"]] == [
            ("k8s-cp", 2), ("k8s-worker1", 2), ("k8s-worker2", 2),
        ]  # fmt: skip
