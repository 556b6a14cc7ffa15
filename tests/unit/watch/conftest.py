"""A fake API server, and the client connected to it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fakeapi import FakeApi, serving
from watchlab import Lab

from kubestead.watch.api import connect


@pytest.fixture
def fake():
    return FakeApi()


@pytest.fixture
def kubeconfig(fake, tmp_path):
    with serving(fake) as text:
        path = tmp_path / "kubeconfig"
        path.write_text(text)
        yield path


@pytest.fixture
def api(kubeconfig):
    return connect(kubeconfig)


@pytest.fixture
def until():
    """Watch a condition until it holds."""

    def wait(condition, seconds=20):
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < end, "it did not come"
            time.sleep(0.02)
        return found

    return wait


@pytest.fixture
def lab(fake, kubeconfig, tmp_path, monkeypatch):
    """Three nodes whose kubelets beat, and room for watchers."""
    lab = Lab(fake, kubeconfig, tmp_path, monkeypatch)
    yield lab
    lab.close()


@pytest.fixture
def settled(lab, until):
    """The lab with a watcher that leads and has seen every node well."""
    lab.watcher()
    until(lambda: lab.history().nodes == {"cp", "worker1", "worker2"})
    return lab
