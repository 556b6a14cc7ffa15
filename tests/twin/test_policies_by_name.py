"""Policies by DNS name, with the agents' DNS proxy and without Envoy; HTTP rules are admitted. A cluster of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import yaml

from kubestead import cache
from kubestead.cilium.policywhy import ALLOWED, DENIED, PROXIED
from kubestead.cli.status import KUBECONFIG
from kubestead.status.policyask import Asker
from tests.twin.conftest import Twin, eventually
from tests.twin.operator import KUBECTL, Run, altered_site, deploy, inside_network
from tests.twin.shop import OUTSIDE, Shop, opened, server, settled

pytestmark = pytest.mark.twin_long

# A twin of two hosts.
INVENTORY = "inventory/twin.py"
NAME, PORT = "api.partner.example", 8443
# What the twin's hosts, and so the cluster's DNS, ask: the bridge.
UPSTREAM = "192.168.1.1"
COREFILE = f"""\
.:53 {{
  bind {UPSTREAM}
  hosts {{
    {OUTSIDE[0]} {NAME}
    {OUTSIDE[1]} other.example
    ttl 5
  }}
}}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A cluster of two nodes whose agents run their DNS proxy; Envoy is nowhere."""
    kept = os.environ.get("KUBESTEAD_TEST_TWIN")
    twin = Twin(kept or "test-names")
    twin.must("up", *([] if kept else ["--workers", "1"]))
    folder = tmp_path_factory.mktemp("names")
    try:
        own = yaml.safe_load((twin.state / "site.yaml").read_text())["overrides"].get("cilium_extra_values", {})
        # It asks for Envoy's version every two minutes, and complains.
        values = {**own, "disableEnvoyVersionCheck": True}
        site = altered_site(twin, folder, overrides={"cilium_l7_proxy": True, "cilium_extra_values": values})
        run = deploy(twin, "cluster", site=site, inventory=INVENTORY)
        assert run.returncode == 0, run.text
        with ExitStack() as stack:
            stack.enter_context(_dns(twin, folder))
            found = stack.enter_context(opened(twin))
            for address in OUTSIDE:
                stack.enter_context(server(twin, address, PORT))
            yield found
    finally:
        if not kept:
            twin.must("down")


@contextmanager
def _dns(twin: Twin, folder: Path) -> Iterator[None]:
    """A DNS server outside the cluster: the CoreDNS the mirror was built from."""
    (folder / "Corefile").write_text(COREFILE)
    binary = max(cache.root().glob("components/coredns-*/bin/coredns"), key=lambda path: path.stat().st_mtime)
    with inside_network(twin):
        process = subprocess.Popen([binary, "-conf", folder / "Corefile"], stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def policies(twin: Twin, folder: Path | str, *arguments: str) -> Run:
    data = ("--limit", "k8s-cp", "--data", f"policies={folder}", *arguments)
    return deploy(twin, "policies", *data, inventory=INVENTORY)


def apply(twin: Twin, folder: Path | str, *arguments: str) -> None:
    run = policies(twin, folder, *arguments)
    assert run.returncode == 0, run.text


@pytest.fixture(scope="module")
def applied(shop: Shop) -> Shop:
    """The lab's policies, and those on names, after what they let through was open."""
    eventually(lambda: connects(shop, NAME) and connects(shop, "other.example"), seconds=60)
    for folder in ("policies", "policies/fqdn"):
        apply(shop.twin, folder)
    settled(shop.twin)
    return shop


def connects(shop: Shop, where: str, pod: str = "controller") -> bool:
    command = f"{KUBECTL} -n shop exec {pod} -c http -- /agnhost connect {where}:{PORT} --timeout=3s >/dev/null 2>&1"
    return shop.twin.ssh("k8s-cp", f"{command} && echo yes || echo no") == "yes"


def test_a_name_may_be_reached_and_nothing_else_whoever_asks(applied: Shop) -> None:
    assert not connects(applied, OUTSIDE[0])  # nobody has asked for its name
    assert connects(applied, NAME)
    assert connects(applied, OUTSIDE[0])  # by now it is what the name means
    assert not connects(applied, "other.example")
    assert not connects(applied, NAME, pod="visitor")


def test_why_knows_names(applied: Shop) -> None:
    assert connects(applied, NAME)
    with inside_network(applied.twin):
        asker = Asker(KUBECONFIG)
        by_name = asker.why("shop/controller", NAME, "tcp", PORT)
        question = asker.why("shop/controller", applied.dns, "udp", 53)
        assert (by_name.verdict, question.verdict) == (ALLOWED, PROXIED)
        assert asker.why("shop/visitor", OUTSIDE[0], "tcp", PORT).verdict == DENIED
    assert by_name.sides[0].by == ("CiliumNetworkPolicy shop/controller-to-partner-api",)
    assert "DNS *" in question.sides[0].notes[0]


def test_http_rules_are_admitted_and_found_valid(applied: Shop) -> None:
    """Not more: Envoy, which would enforce them, is not there. They select no pod of the shop."""
    run = policies(applied.twin, "policies/l7")
    assert run.returncode == 0, run.text
    assert run.text.count("is enforced by Envoy, which runs inside the agents here") == 1
    row = '{.metadata.name} {.status.conditions[?(@.type=="Valid")].status}{"\\n"}'
    said = applied.twin.ssh("k8s-cp", f"{KUBECTL} get cnp -A -l kubestead.dev/owner=policies.l7 "
                            f"-o jsonpath='{{range .items[*]}}{row}{{end}}'")  # fmt: skip
    assert sorted(said.splitlines()) == ["allow-get-only True", "api-security True"]


def test_without_the_proxy_they_are_refused_before_anything_is_applied(applied: Shop) -> None:
    """What the deploy asks is the cluster's own configuration."""
    patch = "patch configmap cilium-config --type=merge --patch"
    kubectl = f"{KUBECTL} -n kube-system {patch}"
    applied.twin.ssh("k8s-cp", f'{kubectl} \'{{"data": {{"enable-l7-proxy": "false"}}}}\'')
    try:
        for folder, count in (("policies/fqdn", 1), ("policies/l7", 2)):
            run = policies(applied.twin, folder)
            assert run.returncode == 1
            assert f"{count} error" in run.text
    finally:
        applied.twin.ssh("k8s-cp", f'{kubectl} \'{{"data": {{"enable-l7-proxy": "true"}}}}\'')
