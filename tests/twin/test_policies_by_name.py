"""Policies by DNS name, with the agents' DNS proxy and without Envoy, and what HTTP rules do then. Its own cluster."""

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
from tests.twin.shop import OUTSIDE, Shop, _namespace, _pods, opened, server, settled

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


def test_http_rules_are_refused_where_there_is_no_envoy(applied: Shop) -> None:
    run = policies(applied.twin, "policies/l7")
    assert run.returncode == 1
    assert "is enforced by Envoy, and there is none, nor is one in the agents' image" in run.text
    assert "2 errors, nothing was changed" in run.text


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


ROW = '{.metadata.name} {.status.conditions[?(@.type=="Valid")].status}{"\\n"}'
LATER = """
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: later, namespace: open}
spec:
  endpointSelector: {matchLabels: {app: bystander}}
  ingressDeny: [{fromEndpoints: [{}]}]
"""


def test_without_envoy_http_rules_are_valid_and_leave_all_of_the_node_as_it_was(applied: Shop) -> None:
    """The last one: no policy reaches this node's pods any more. It is why they are refused."""
    twin = applied.twin
    apps = {"open/caller": "caller", "open/catalogue": "catalogue", "open/near": "bystander", "open/far": "bystander"}
    manifests = [_namespace("open"), *_pods(twin, {name: {"app": app} for name, app in apps.items()})]
    manifests[-1]["spec"]["nodeName"] = "k8s-cp"
    manifests[-1]["spec"]["tolerations"] = [{"operator": "Exists"}]
    given(twin, yaml.safe_dump_all(manifests))
    twin.ssh("k8s-cp", f"{KUBECTL} -n open wait --for=condition=Ready pods --all --timeout=120s")

    def called(target: str) -> bool:
        address = twin.ssh("k8s-cp", f"{KUBECTL} -n open get pod {target} -o jsonpath='{{.status.podIP}}'")
        call = f"exec caller -c http -- /agnhost connect {address}:8080 --timeout=3s > /dev/null 2>&1"
        return twin.ssh("k8s-cp", f"{KUBECTL} -n open {call} && echo yes || echo no") == "yes"

    texts = [path.read_text() for path in sorted(Path("policies/l7").glob("*.yaml"))]
    given(twin, "---\n".join(texts).replace("namespace: shop", "namespace: open"))
    valid = f"{KUBECTL} -n open get cnp -o jsonpath='{{range .items[*]}}{ROW}{{end}}'"
    eventually(lambda: "allow-get-only True\napi-security True" in twin.ssh("k8s-cp", valid), 60)
    given(twin, LATER)
    eventually(lambda: not called("far"), 60)  # the other node has it all by now
    assert called("catalogue"), "of the policy nothing is enforced, not even who may call"
    assert called("near"), "and of a later one neither"


def given(twin: Twin, manifest: str) -> None:
    """Applied by hand: the deploy refuses it."""
    twin.ssh("k8s-cp", f"{KUBECTL} apply --validate=strict -f - > /dev/null", stdin=manifest)
