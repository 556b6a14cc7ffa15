"""A running cluster that is switched, with a probe at work, and how its long tests go on where they stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.twin.conftest import Twin
from tests.twin.operator import KUBECTL, NODES, Run, altered_site, deploy
from tests.twin.switching.probe import probing
from tests.twin.switching.results import KEPT, record

HELM = "KUBECONFIG=/etc/kubernetes/admin.conf helm --namespace kube-system"


@dataclass
class Lab:
    """A cluster, and what every site file for it says: some values, and not the hosts it goes without."""

    twin: Twin
    folder: Path
    always: dict[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()

    def site(self, **overrides: Any) -> Path:
        """The twin's site file with some values of the spec, and Cilium's own below ``extra``."""
        extra = overrides.pop("extra", {})
        own = yaml.safe_load((self.twin.state / "site.yaml").read_text())["overrides"]
        values = {**own.get("cilium_extra_values", {}), **extra}
        overrides = {**self.always, **overrides, "cilium_extra_values": values}
        path = altered_site(self.twin, self.folder, overrides=overrides)
        site = yaml.safe_load(path.read_text())
        site["hosts"] = {name: host for name, host in site["hosts"].items() if name not in self.without}
        path.write_text(yaml.safe_dump(site))
        return path

    def switch(self, *arguments: str, **overrides: Any) -> Run:
        """Run ``deploys/cilium.py`` with such a site."""
        site = self.site(**overrides)
        return deploy(self.twin, "cilium", *arguments, site=site, inventory="inventory/twin.py")

    def brought(self, *arguments: str, **overrides: Any) -> Run:
        """A switch that has to succeed."""
        run = self.switch(*arguments, **overrides)
        assert run.returncode == 0, run.text
        assert "FAILED" not in run.text
        return run

    def measured(self, case: str, *arguments: str, then: Callable[[Run], None] | None = None, **overrides: Any) -> Run:
        """A switch with the probe at work, and its losses kept."""
        with probing(self.twin) as seen:
            began = time.monotonic()
            run = self.switch(*arguments, **overrides)
            seconds = time.monotonic() - began
        (then or self.is_well)(run)
        record(case, seen, seconds)
        return run

    def is_well(self, run: Run) -> None:
        """It went through, and left nothing behind."""
        assert run.returncode == 0, run.text
        assert "FAILED" not in run.text
        assert self.left() == ""

    def left(self) -> str:
        """What a switch that was not ended leaves."""
        return self.twin.ssh("k8s-cp", "ls /var/lib/kubestead/cilium-switch* 2>/dev/null || true")

    def config(self, key: str) -> str:
        """A key of the ConfigMap cilium-config."""
        get = f"{KUBECTL} -n kube-system get configmap cilium-config -o jsonpath='{{.data.{key}}}'"
        return self.twin.ssh("k8s-cp", get)

    def agents(self) -> dict[str, str]:
        """The agents' pods by their nodes."""
        row = '{range .items[*]}{.spec.nodeName} {.metadata.name}{"\\n"}{end}'
        lines = self.twin.ssh("k8s-cp", f"{KUBECTL} -n kube-system get pods -l k8s-app=cilium -o jsonpath='{row}'")
        return dict(tuple(line.split()) for line in lines.splitlines())  # type: ignore[misc]

    def kube_proxy_chains(self) -> list[str]:
        """How many chains of kube-proxy's each node has."""
        count = (
            "{ iptables-nft-save; iptables-legacy-save; } 2>/dev/null | grep -cE '^:KUBE-(SVC|SEP|SERVICES)' || true"
        )
        return [self.twin.ssh(node, count) for node in NODES]


def long(*cases: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Marks a long test, with the names of its cases."""

    def mark(test: Callable[..., None]) -> Callable[..., None]:
        return pytest.mark.twin_long(pytest.mark.switch(pytest.mark.parametrize("case", cases, indirect=True)(test)))

    return mark


@pytest.fixture
def case(request: pytest.FixtureRequest) -> str:
    """The name of the case; passed over where it passed on this commit already."""
    name = str(request.param)
    if KEPT.passed(name):
        pytest.skip("passed on this commit already")
    return name
