"""Nobody waits in these tests."""

from __future__ import annotations

from importlib import import_module

import pytest

from tests.operations.patient import Time


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> Time:
    """Remedies wait by a clock of their own."""
    clock = Time()
    for module in ("certificate", "cilium", "rebooting", "rejoining", "watch"):
        monkeypatch.setattr(import_module(f"kubestead.operations.remedies.{module}"), "time", clock)
    return clock
