"""The default cluster by its packets: VXLAN between nodes, full size, services, masquerading, Hubble's flows."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from kubestead.twin.plan import GATEWAY
from tests.twin.conftest import Twin, eventually
from tests.twin.operator import KUBECTL
from tests.twin.traffic import outside
from tests.twin.traffic.capture import ICMP, capture
from tests.twin.traffic.pods import HTTP, Pod, apply, of_service, remove, service, start

pytestmark = pytest.mark.twin

# Of the links, and what VXLAN takes of it: outer Ethernet, IPv4, UDP and its own header.
LINK_MTU, VXLAN_TAKES = 1500, 50
PING_HEADERS = 28


@pytest.fixture(scope="module")
def pods(built: Twin) -> Iterator[dict[str, Pod]]:
    """Two pods on two nodes, and services before them."""
    found = start(built, {"one": "k8s-worker1", "two": "k8s-worker2"})
    apply(
        built,
        "---\n".join(
            [
                service("both", "ClusterIP", {"app": "server"}),
                service("anywhere", "NodePort", {"name": "two"}, policy="Cluster"),
                service("there", "NodePort", {"name": "two"}, policy="Local"),
            ]
        ),
    )
    yield found
    remove(built)


def node_address(twin: Twin, node: str) -> str:
    return str(twin.record["addresses"][node])


def http_port(twin: Twin, name: str) -> int:
    return int(of_service(twin, name, ".spec.ports[0].nodePort"))


def test_between_nodes_there_is_vxlan_and_no_bare_pod_address(built: Twin, pods: dict[str, Pod]) -> None:
    one, two = pods["one"], pods["two"]
    with capture(built) as seen:
        assert one.asks(two.address, HTTP, "hostname") == ["two"]
        tunnelled = seen.inside(one.address, two.address)
        assert seen.between(one.address, two.address) == []
    nodes = {node_address(built, one.node), node_address(built, two.node)}
    assert {packet.ports[1] for packet in tunnelled} == {8472}
    assert {frozenset((packet.source, packet.destination)) for packet in tunnelled} == {frozenset(nodes)}
    assert len(tunnelled) > 5, "a whole connection"


def test_a_packet_of_full_size_passes_and_one_byte_more_does_not(built: Twin, pods: dict[str, Pod]) -> None:
    one, two = pods["one"], pods["two"]
    most = LINK_MTU - VXLAN_TAKES
    with capture(built) as seen:
        ping = f"ping -M do -c 1 -W 5 {two.address} -s"
        assert "1 received" in one.run(f"{ping} {most - PING_HEADERS}")
        echoes = [packet for packet in seen.inside(one.address, two.address) if packet.inner]
        assert [(packet.length, packet.is_fragment) for packet in echoes] == [(LINK_MTU, False)] * 2
        assert {packet.inner.length for packet in echoes if packet.inner} == {most}
        said = one.run(f"{ping} {most - PING_HEADERS + 1}")
        assert "essage too long" in said
        assert len(seen.inside(one.address, two.address)) == 2, "nothing more was sent"


def test_a_large_answer_passes_over_tcp(pods: dict[str, Pod]) -> None:
    text = "x" * 60_000
    assert pods["one"].asks(pods["two"].address, HTTP, f"echo?msg={text}") == [text]


def test_a_cluster_ip_leads_to_every_pod_and_keeps_the_callers_address(built: Twin, pods: dict[str, Pod]) -> None:
    address, one = of_service(built, "both", ".spec.clusterIP"), pods["one"]
    eventually(lambda: set(one.asks(address, 80, "hostname", tries=20)) == {"one", "two"})
    single = of_service(built, "anywhere", ".spec.clusterIP")
    (caller,) = one.asks(single, 80, "clientip")
    assert caller.rpartition(":")[0] == one.address


def test_a_node_port_answers_on_every_node_and_hides_the_caller(built: Twin, pods: dict[str, Pod]) -> None:
    port = http_port(built, "anywhere")
    for node in ("k8s-cp", "k8s-worker1", "k8s-worker2"):
        address = node_address(built, node)
        eventually(lambda address=address: outside.answers(built, address, port))  # type: ignore[misc]
    via_other = outside.get(built, node_address(built, "k8s-worker1"), port, "/clientip")
    assert via_other.rpartition(":")[0] != GATEWAY


def test_with_local_policy_the_callers_address_stays_and_other_nodes_do_not_answer(
    built: Twin, pods: dict[str, Pod]
) -> None:
    port, home = http_port(built, "there"), node_address(built, pods["two"].node)
    eventually(lambda: outside.answers(built, home, port))
    assert outside.get(built, home, port, "/clientip").rpartition(":")[0] == GATEWAY
    assert not outside.answers(built, node_address(built, "k8s-worker1"), port, seconds=2)


def test_a_pod_is_its_node_to_those_outside(built: Twin, pods: dict[str, Pod]) -> None:
    own = node_address(built, pods["one"].node)
    with outside.listening(built) as server:
        pods["one"].run(f"nc -z -w 3 {outside.ADDRESS} {server.getsockname()[1]}")
        assert outside.caller(server) == own
    with capture(built) as seen:
        assert "1 received" in pods["one"].run(f"ping -c 1 -W 5 {outside.ADDRESS}")
        assert {packet.protocol for packet in seen.between(own, outside.ADDRESS)} >= {ICMP}
        assert seen.between(pods["one"].address, outside.ADDRESS) == []


def test_the_relay_tells_the_flow_of_a_connection_from_both_nodes(built: Twin, pods: dict[str, Pod]) -> None:
    relay = built.ssh("k8s-cp", f"{KUBECTL} -n kube-system get service hubble-relay -o jsonpath={{.spec.clusterIP}}")
    agent = f"{KUBECTL} -n kube-system exec ds/cilium -c cilium-agent --"
    observe = f"{agent} hubble observe --server {relay}:80 --from-pod traffic/one --to-pod traffic/two --output json"
    assert pods["one"].asks(pods["two"].address, HTTP, "hostname") == ["two"]

    def nodes() -> set[str]:
        lines = built.ssh("k8s-cp", f"{observe} --protocol tcp --last 50 2>/dev/null").splitlines()
        flows = [json.loads(line)["flow"] for line in lines if '"flow"' in line]
        assert all(flow["l4"]["TCP"] for flow in flows)
        return {flow["node_name"].rpartition("/")[2] for flow in flows if flow["verdict"] == "FORWARDED"}

    eventually(lambda: nodes() == {pods["one"].node, pods["two"].node})
