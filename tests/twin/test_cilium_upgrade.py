"""Cilium 1.18.3 upgraded to the present one, with a probe at work. ``make test-upgrade``, never in CI.

Without policies: Cilium's preflight reads them by its own fork of apimachinery, which the registries do not give. Built
with Kubernetes' own, which knows no ``omitzero`` before 0.34, it finds unknown fields in every one.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.twin.conftest import Twin
from tests.twin.operator import KUBECTL, NODES, Run, deploy
from tests.twin.switching.lab import HELM, Lab, case, long
from tests.twin.switching.older import PRESENT, VERSION, mirror
from tests.twin.switching.probe import start_pods

__all__ = ["case"]


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A cluster with the older Cilium; what comes next is served from the present mirror."""
    twin = Twin("test-upgrade")
    twin.must("down")
    twin.must("up", "--mirror", str(mirror()))
    try:
        lab = Lab(twin, tmp_path_factory.mktemp("older"))
        run = deploy(twin, "cluster", site=lab.site(cilium_version=VERSION), inventory="inventory/twin.py")
        assert run.returncode == 0, run.text
        start_pods(twin)
        twin.must("up")
        yield lab
    finally:
        twin.must("down")


def versions(lab: Lab) -> set[str]:
    """What every agent says it is."""
    said = [
        lab.twin.ssh("k8s-cp", f"{KUBECTL} -n kube-system exec {pod} -c cilium-agent -- cilium-agent --version")
        for pod in lab.agents().values()
    ]
    assert len(said) == len(NODES)
    return {line.split()[1] for line in said}


@long(f"upgrade from {VERSION} to {PRESENT}")
def test_an_upgrade_goes_through_ciliums_preflight(older: Lab, case: str) -> None:
    assert versions(older) == {VERSION}
    plain = deploy(older.twin, "cluster", site=older.site(), inventory="inventory/twin.py")
    assert plain.returncode == 1
    assert "an upgrade is not done in passing" in plain.text

    def upgraded(run: Run) -> None:
        older.is_well(run)
        assert f"An upgrade from {VERSION} to {PRESENT}: Cilium's own preflight comes first" in run.text
        assert versions(older) == {PRESENT}
        assert PRESENT in older.twin.ssh("k8s-cp", f"{HELM} list")
        left = older.twin.ssh("k8s-cp", f"{KUBECTL} -n kube-system get daemonsets,deployments,pods -o name")
        assert "pre-flight" not in left
        assert older.brought("--json").changed == []

    older.measured(case, then=upgraded)
