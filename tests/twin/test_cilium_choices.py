"""Choices that need no cluster each, by their packets: on one with native routing and without kube-proxy, changed as it
runs.

Not in CI: ``make test-long``. The tests follow each other.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubestead.record.read import find
from kubestead.twin.plan import GATEWAY, Plan
from tests.twin.conftest import Twin, eventually
from tests.twin.operator import KUBECTL, Run, altered_site, deploy
from tests.twin.sampler import sampling
from tests.twin.traffic import outside
from tests.twin.traffic.bird import ASN, Bird, bird
from tests.twin.traffic.capture import TCP, UDP, capture
from tests.twin.traffic.pods import HTTP, NAMESPACE, Pod, apply, of_service, service, start

pytestmark = pytest.mark.twin_long

NODE_ASN, HOLD_SECONDS, LINK_MTU, MTU, PING_HEADERS = 64512, 9, 1500, 1400, 28
PLANE, WORKER = "k8s-cp", "k8s-worker1"
# Inside of cilium_native_cidr and outside of the pool: a machine that is not hidden from.
NATIVE, POOL, KNOWN, EXTERNAL = "10.0.0.0/8", "10.32.0.0/16", "10.200.0.1", "172.31.252.5"
CHOICES: dict[str, Any] = {
    "pod_cidr": POOL,
    "cilium_routing": "native",
    "cilium_native_cidr": NATIVE,
    "cilium_mtu": MTU,
    "kube_proxy": "replace",
    "cilium_masquerade": "bpf",
    "cilium_lb_mode": "hybrid",
    "cilium_bgp": [
        {
            "name": "lab",
            "asn": NODE_ASN,
            "peers": [{"name": "router", "address": GATEWAY, "asn": ASN, "hold_seconds": HOLD_SECONDS}],
            "services": {"announce": "bgp"},
            "advertise": ["pods", "cluster-ips", "external-ips"],
        }
    ],
    "smoke": False,
}
FIREWALL: dict[str, Any] = {"cilium_host_firewall": True}
# Not let in by nodes.yaml below; SSH, the API and kubelets are.
ODD_PORT = 7007
SHUTTING = """\
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: nodes}
spec:
  nodeSelector: {}
  ingress:
  - fromEntities: [cluster]
"""
LETTING_IN = f"""\
{SHUTTING}
  - fromCIDR: [{GATEWAY}/32]
    toPorts: [{{ports: [{{port: "22", protocol: TCP}}, {{port: "6443", protocol: TCP}}]}}]
"""
SYSTEM = """\
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: system}
specs:
- endpointSelector: {matchExpressions: [{key: io.kubernetes.pod.namespace, operator: In, values: [kube-system]}]}
  ingress: [{fromEntities: [all]}]
  egress: [{toEntities: [all]}]
- endpointSelector: {matchLabels: {"reserved:health": ""}}
  ingress: [{fromEntities: [remote-node]}]
  egress: [{toEntities: [remote-node]}]
"""
LET_ONE = f"""\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: from-one, namespace: {NAMESPACE}}}
specs:
- endpointSelector: {{matchLabels: {{name: two}}}}
  ingress: [{{fromEndpoints: [{{matchLabels: {{name: one}}}}]}}]
- endpointSelector: {{matchLabels: {{name: one}}}}
  egress: [{{toEndpoints: [{{matchLabels: {{name: two}}}}]}}]
"""
DENY_ONE = f"""\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: from-one, namespace: {NAMESPACE}}}
spec:
  endpointSelector: {{matchLabels: {{name: two}}}}
  ingressDeny: [{{fromEntities: [all]}}]
"""


@dataclass(frozen=True)
class Lab:
    """The cluster, and what its runs are told."""

    twin: Twin
    folder: Path

    def deploy(self, name: str, *arguments: str, **choices: Any) -> Run:
        """A run with these choices beside :data:`CHOICES`."""
        site = altered_site(self.twin, self.folder, overrides={**CHOICES, **choices})
        return deploy(self.twin, name, *arguments, site=site, inventory="inventory/twin.py")

    def must(self, name: str, *arguments: str, **choices: Any) -> Run:
        """One that succeeds."""
        run = self.deploy(name, *arguments, **choices)
        assert run.returncode == 0, run.text
        return run

    def policies(self, folder: Path, *arguments: str) -> Run:
        """The policies of a folder, applied."""
        return self.deploy("policies", "--json", "--data", f"policies={folder}", *arguments, **FIREWALL)

    def address_of(self, node: str) -> str:
        return str(self.twin.record["addresses"][node])

    def mac_of(self, node: str) -> str:
        return Plan(self.twin.name).node(node).mac

    def enforcement(self) -> set[str]:
        """When every agent enforces policies, by its own word."""
        agents = self.twin.ssh(
            PLANE, f"{KUBECTL} -n kube-system get pods -l k8s-app=cilium -o jsonpath='{{.items[*].metadata.name}}'"
        )
        ask = f"{KUBECTL} -n kube-system exec %s -c cilium-agent -- cilium-dbg config | grep PolicyEnforcement"
        return {self.twin.ssh(PLANE, ask % agent).split()[-1] for agent in agents.split()}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Two nodes."""
    twin = Twin("test-choices")
    twin.must("up", "--workers", "1")
    try:
        lab = Lab(twin, tmp_path_factory.mktemp("choices"))
        lab.must("cluster")
        yield lab
    finally:
        twin.must("down")


@pytest.fixture(scope="module")
def router(lab: Lab) -> Iterator[Bird]:
    """BIRD, with every node's session up; its routes are the bridge's."""
    with bird(lab.twin, lab.folder, NODE_ASN, HOLD_SECONDS) as running:
        eventually(lambda: running.established() == {PLANE, WORKER}, seconds=90)
        yield running


@pytest.fixture(scope="module")
def pods(lab: Lab) -> dict[str, Pod]:
    found = start(lab.twin, {"one": PLANE, "two": WORKER})
    services = [
        service("port", "NodePort", {"name": "two"}),
        service("told", "ClusterIP", {"name": "two"}, labels={"announce": "bgp"}, external=[EXTERNAL]),
        service("untold", "ClusterIP", {"name": "two"}),
    ]
    apply(lab.twin, "---\n".join(services))
    return found


def reached(one: Pod, two: Pod) -> bool:
    """Whether one pod gets an answer from another."""
    return one.asks(two.address, HTTP, "hostname") == [two.name]


def test_a_key_for_ipsec_is_made_kept_and_rotated_and_seen_nowhere(lab: Lab, tmp_path: Path) -> None:
    """The kernel has no ESP: the Secret is shown, and not its use."""
    field = f"{KUBECTL} -n kube-system get secret cilium-ipsec-keys -o jsonpath='{{.data.keys}}' | base64 -d"
    samples, runs = tmp_path / "samples.jsonl", []

    def after(*arguments: str) -> list[str]:
        """The words of the key after a run that tells all it can, with every process and temporary file looked at."""
        with sampling(samples, lab.twin.name, tmp_path):
            run = lab.must("cilium_keys", "-vvv", "--debug", "--diff", *arguments, cilium_encryption="ipsec")
        runs.append(run.text + samples.read_text())
        assert "deploys/cilium_keys.py" in samples.read_text()
        return lab.twin.ssh(PLANE, field).split()

    first = after()
    assert (first[0], first[1], len(bytes.fromhex(first[2])), first[3]) == ("3+", "rfc4106(gcm(aes))", 20, "128")
    assert after() == first, "a plain run keeps it"
    second = after("--data", "rotate=true")
    assert (second[0], second[1], len(second[2]), second[3]) == ("4+", first[1], len(first[2]), first[3])
    assert second[2] != first[2]
    patch = json.dumps({"stringData": {"keys": " ".join(["15+", *second[1:]])}})
    lab.twin.ssh(PLANE, f"{KUBECTL} -n kube-system patch secret cilium-ipsec-keys --patch-file=/dev/stdin", stdin=patch)
    third = after("--data", "rotate=true")
    assert third[0] == "1+", "it begins again"
    written = "".join(path.read_text(errors="replace") for path in find(None).parent.rglob("*") if path.is_file())
    assert "cilium_keys" in written
    for key in (first[2], second[2], third[2]):
        # In base64 the key's place in the line decides how it begins.
        forms = [key, *(b64encode(key[start:].encode()).decode()[:32] for start in range(3))]
        assert not [form for form in forms for told in (*runs, written) if form in told]
        places = "/etc /root /home /tmp /run /var/log /var/tmp /var/lib/kubestead"
        look = f"grep -rlF --devices=skip -f /dev/fd/3 {places} 3<&0 2>/dev/null || true"
        assert lab.twin.ssh(PLANE, look, stdin="\n".join(forms)) == ""
    lab.twin.ssh(PLANE, f"{KUBECTL} -n kube-system delete secret cilium-ipsec-keys")
    wrong = lab.deploy("cilium_keys")
    assert wrong.returncode == 1
    assert "cilium_encryption is 'none', and only 'ipsec' has a key of ours" in wrong.text


def test_pods_packets_are_as_large_as_the_mtu_says_and_no_larger(lab: Lab, pods: dict[str, Pod]) -> None:
    one, two = pods["one"], pods["two"]
    ping = "ping -M do -c 1 -W 5 -s"
    # The link itself takes more.
    assert "1 received" in lab.twin.ssh(PLANE, f"{ping} {LINK_MTU - PING_HEADERS} {lab.address_of(WORKER)}")
    with capture(lab.twin) as seen:
        assert "1 received" in one.run(f"{ping} {MTU - PING_HEADERS} {two.address}")
        assert "essage too long" in one.run(f"{ping} {MTU - PING_HEADERS + 1} {two.address}")
        assert [packet.length for packet in seen.between(one.address, two.address)] == [MTU] * 2


def test_the_native_network_is_not_hidden_from(lab: Lab, router: Bird, pods: dict[str, Pod]) -> None:
    one = pods["one"]
    with outside.another_address(lab.twin, KNOWN), outside.listening(lab.twin, KNOWN) as server:
        eventually(lambda: f"{one.address.rpartition('.')[0]}.0/24" in router.routes())
        one.run(f"nc -z -w 3 {KNOWN} {server.getsockname()[1]}")
        assert outside.caller(server) == one.address
    with outside.listening(lab.twin) as server:
        one.run(f"nc -z -w 3 {outside.ADDRESS} {server.getsockname()[1]}")
        assert outside.caller(server) == lab.address_of(PLANE)


def test_tcp_goes_straight_back_and_udp_by_the_node_that_was_asked(lab: Lab, pods: dict[str, Pod]) -> None:
    asked = lab.address_of(PLANE)
    ports = [int(of_service(lab.twin, "port", f".spec.ports[{number}].nodePort")) for number in (0, 1)]
    eventually(lambda: outside.answers(lab.twin, asked, ports[0]), seconds=60)
    with capture(lab.twin) as seen:
        assert outside.get(lab.twin, asked, ports[0], "/clientip").rpartition(":")[0] == GATEWAY
        assert outside.asked_by_udp(lab.twin, asked, ports[1], "hostname") == "two"
        answers = [packet for packet in seen.packets() if packet.is_between(asked, GATEWAY) and packet.source == asked]
    straight = {packet.macs[0] for packet in answers if (packet.protocol, packet.ports[0]) == (TCP, ports[0])}
    back = {packet.macs[0] for packet in answers if (packet.protocol, packet.ports[0]) == (UDP, ports[1])}
    assert (straight, back) == ({lab.mac_of(WORKER)}, {lab.mac_of(PLANE)})


def test_bgp_tells_services_own_addresses_and_external_ones(lab: Lab, router: Bird, pods: dict[str, Pod]) -> None:
    everyone = {lab.address_of(node) for node in (PLANE, WORKER)}
    own, untold = (of_service(lab.twin, name, ".spec.clusterIP") for name in ("told", "untold"))
    for address in (own, EXTERNAL):
        eventually(lambda address=address: router.routes().get(f"{address}/32") == everyone, seconds=60)  # type: ignore[misc]
        eventually(lambda address=address: outside.answers(lab.twin, address, 80), seconds=30)  # type: ignore[misc]
        assert outside.get(lab.twin, address, 80, "/hostname") == "two"
    assert f"{untold}/32" not in router.routes()


def test_always_closes_every_pod_but_for_what_policies_allow(lab: Lab, pods: dict[str, Pod]) -> None:
    one, two = pods["one"], pods["two"]
    apply(lab.twin, SYSTEM)
    assert reached(one, two)
    lab.must("cluster", cilium_policy="always")
    assert lab.enforcement() == {"always"}
    eventually(lambda: not reached(one, two), seconds=60)
    apply(lab.twin, LET_ONE)
    eventually(lambda: reached(one, two), seconds=60)
    assert not reached(two, one)


def test_never_keeps_policies_and_does_not_enforce_them(lab: Lab, pods: dict[str, Pod]) -> None:
    one, two = pods["one"], pods["two"]
    apply(lab.twin, DENY_ONE)
    eventually(lambda: not reached(one, two), seconds=60)
    lab.must("cluster", cilium_policy="never")
    assert lab.enforcement() == {"never"}
    eventually(lambda: reached(one, two) and reached(two, one), seconds=60)
    kept = yaml.safe_load(lab.twin.ssh(PLANE, f"{KUBECTL} -n {NAMESPACE} get cnp from-one -o yaml"))
    assert [one["status"] for one in kept["status"]["conditions"] if one["type"] == "Valid"] == ["True"]


@pytest.fixture
def closed(lab: Lab, pods: dict[str, Pod], tmp_path: Path) -> Iterator[Path]:
    """The nodes closed but for the cluster, SSH, the API and BGP; an odd port answered before."""
    server = f"systemd-run --quiet --unit=odd python3 -m http.server {ODD_PORT}"
    for node in (PLANE, WORKER):
        lab.twin.ssh(node, server)
        eventually(lambda node=node: outside.opens(lab.twin, lab.address_of(node), ODD_PORT))  # type: ignore[misc]
    folder = tmp_path / "node-rules"
    folder.mkdir()
    (folder / "nodes.yaml").write_text(LETTING_IN)
    run = lab.policies(folder)
    assert run.returncode == 0, run.text
    yield folder
    run = lab.policies(folder, "--data", "state=absent")
    assert run.returncode == 0, run.text
    for node in (PLANE, WORKER):
        eventually(lambda node=node: outside.opens(lab.twin, lab.address_of(node), ODD_PORT))  # type: ignore[misc]
        lab.twin.ssh(node, "systemctl stop odd")


def test_policies_on_nodes_are_looked_at_before_the_firewall_is_on_and_as_it_comes(lab: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "node-rules"
    folder.mkdir()
    (folder / "nodes.yaml").write_text(SHUTTING)
    off = lab.deploy("policies", "--data", f"policies={folder}")
    assert off.returncode == 1
    assert "selects nodes, and Cilium's host firewall is off" in off.text
    apply(lab.twin, SHUTTING)
    refused = lab.deploy("cilium", **FIREWALL)
    assert refused.returncode == 1
    assert "CiliumClusterwideNetworkPolicy nodes" in refused.text
    assert f"would shut out SSH from {GATEWAY}, which this run comes from" in refused.text
    lab.twin.ssh(PLANE, f"{KUBECTL} delete ccnp --all > /dev/null; {KUBECTL} -n {NAMESPACE} delete cnp --all")
    lab.must("cilium", **FIREWALL)
    assert lab.enforcement() == {"default"}


def test_a_policy_that_would_shut_ssh_out_is_refused_before_it_is_applied(lab: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "node-rules"
    folder.mkdir()
    (folder / "nodes.yaml").write_text(SHUTTING)
    run = lab.policies(folder)
    assert run.returncode == 1
    assert f"would shut out SSH from {GATEWAY}, which this run comes from" in run.text
    assert "nothing lets through 22/TCP of k8s-cp, k8s-worker1" in run.text
    assert lab.twin.ssh(PLANE, f"{KUBECTL} get ccnp -o name") == ""
    (folder / "nodes.yaml").write_text(SHUTTING.replace("cluster", "world"))
    run = lab.policies(folder)
    assert run.returncode == 1
    who = ("the other nodes, which ask the API", "the cluster's DNS, which asks the API", "control planes, which ask")
    for words in who:
        assert f"would shut out {words}" in run.text
    assert "shut out SSH" not in run.text


def test_a_node_lets_in_what_its_policy_says_and_ssh_goes_on(lab: Lab, pods: dict[str, Pod], closed: Path) -> None:
    for node in (PLANE, WORKER):
        address = lab.address_of(node)
        eventually(lambda address=address: not outside.opens(lab.twin, address, ODD_PORT, seconds=1))  # type: ignore[misc]
        assert outside.opens(lab.twin, address, 22)
        assert lab.twin.ssh(node, "true") == ""
        assert not outside.opens(lab.twin, address, 10250, seconds=1), "kubelets are the cluster's"
    assert outside.opens(lab.twin, lab.address_of(PLANE), 6443)
    # From the other node, and from a pod.
    assert lab.twin.ssh(WORKER, f"curl -sk https://{lab.address_of(PLANE)}:6443/readyz") == "ok"
    assert "succeeded" in lab.twin.ssh(PLANE, f"nc -zv -w 3 {lab.address_of(WORKER)} {ODD_PORT} 2>&1")
    assert reached(pods["one"], pods["two"])
    run = lab.must("verify", **FIREWALL)
    assert "FAILED" not in run.text
    assert lab.policies(closed).changed == []
