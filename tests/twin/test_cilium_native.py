"""Native routing, no kube-proxy, service addresses by L2 and BGP, direct answers: a cluster of its own, by its packets.

Not in CI: ``make test-long``. The tests follow each other: the last one takes a node's power.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from kubestead.record.read import find
from kubestead.twin.plan import GATEWAY, Plan
from tests.twin.conftest import Twin, eventually
from tests.twin.operator import KUBECTL, Run, altered_site, deploy, planned
from tests.twin.traffic import outside
from tests.twin.traffic.bird import ASN, Bird, bird
from tests.twin.traffic.capture import ICMP, SYN, capture
from tests.twin.traffic.pods import HTTP, NAMESPACE, Pod, apply, of_service, service, start
from tests.twin.traffic.scraping import prometheus

pytestmark = pytest.mark.twin_long

NODE_ASN, HOLD_SECONDS = 64512, 9
LAN, ROUTED = "192.168.1.240-192.168.1.243", "172.31.255.0/28"
# For services there are none of.
SPARE: dict[str, Any] = {"name": "spare", "blocks": ["172.31.254.0/28"], "services": {"announce": "nobody"}}
POOLS: list[dict[str, Any]] = [
    {"name": "lan", "blocks": [LAN], "services": {"announce": "l2"}},
    {"name": "routed", "blocks": [ROUTED], "services": {"announce": "bgp"}},
]
BY_HAND = """\
apiVersion: cilium.io/v2
kind: CiliumLoadBalancerIPPool
metadata: {name: by-hand}
spec: {blocks: [{cidr: 172.31.253.0/28}], serviceSelector: {matchLabels: {announce: nobody}}}
"""
OBJECTS = "Cilium | Pools, announcements, BGP"


@dataclass(frozen=True)
class Native:
    """The cluster, how it was built, and the files for a next run."""

    twin: Twin
    folder: Path
    password: str
    run: Run

    def site(self, pools: list[dict[str, Any]]) -> Path:
        """The site file that has these pools of service addresses."""
        peer = {
            "name": "router", "address": GATEWAY, "asn": ASN, "hold_seconds": HOLD_SECONDS,
            "password_file": str(self.folder / "password"),
        }  # fmt: skip
        return altered_site(
            self.twin,
            self.folder,
            overrides={
                "cilium_routing": "native",
                "kube_proxy": "replace",
                "cilium_masquerade": "bpf",
                "cilium_lb_mode": "dsr",
                "cilium_lb_algorithm": "maglev",
                "cilium_lb_pools": pools,
                "cilium_l2_announcements": [{"name": "lan", "services": {"announce": "l2"}}],
                "cilium_bgp": [
                    {"name": "lab", "asn": NODE_ASN, "peers": [peer], "services": {"announce": "bgp"}},
                ],
                "hubble_metrics": ["dns", "drop", "tcp", "flow", "icmp", "port-distribution"],
                "smoke": False,
            },
        )

    def deploy(self, pools: list[dict[str, Any]], *arguments: str) -> Run:
        """A run with these pools."""
        return deploy(self.twin, "cluster", *arguments, site=self.site(pools), inventory="inventory/twin.py")

    def address_of(self, node: str) -> str:
        return str(self.twin.record["addresses"][node])

    def mac_of(self, node: str) -> str:
        return Plan(self.twin.name).node(node).mac


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Native]:
    """Three nodes; the smoke is left out, as the tests are more of the same."""
    twin, folder = Twin("test-native"), tmp_path_factory.mktemp("native")
    password = f"bgp-{token_hex(16)}"
    (folder / "password").touch(mode=0o600)
    (folder / "password").write_text(password + "\n")
    twin.must("up")
    try:
        cluster = Native(twin, folder, password, Run(1, "", ""))
        run = cluster.deploy([*POOLS, SPARE], "-vvv")
        assert run.returncode == 0, run.text
        yield Native(twin, folder, password, run)
    finally:
        twin.must("down")


@pytest.fixture(scope="module")
def router(native: Native) -> Iterator[Bird]:
    """BIRD, with every node's session up."""
    with bird(native.twin, native.folder, NODE_ASN, HOLD_SECONDS, native.password) as running:
        eventually(lambda: running.established() == set(native.twin.record["addresses"]), seconds=90)
        yield running


@pytest.fixture(scope="module")
def pods(native: Native) -> dict[str, Pod]:
    """A pod on every node, and services of type LoadBalancer."""
    found = start(native.twin, {"one": "k8s-worker1", "two": "k8s-worker2", "three": "k8s-cp"})
    services = [
        service("near", "LoadBalancer", {"name": "three"}, labels={"announce": "l2"}),
        service("far", "LoadBalancer", {"name": "two"}, labels={"announce": "bgp"}),
        service("spread", "LoadBalancer", {"app": "server"}, labels={"announce": "bgp"}),
    ]
    apply(native.twin, "---\n".join(services))
    return found


def external(native: Native, name: str) -> str:
    """A service's address from its pool."""
    field = ".status.loadBalancer.ingress[0].ip"
    eventually(lambda: of_service(native.twin, name, field), seconds=60)
    return of_service(native.twin, name, field)


@contextmanager
def by_way_of(native: Native, address: str, node: str) -> Iterator[None]:
    """The client's packets to an address go to this node, whatever BGP said."""
    route = (f"{address}/32", "via", native.address_of(node), "metric", "1")
    outside.ip(native.twin, "route", "add", *route)
    try:
        yield
    finally:
        outside.ip(native.twin, "route", "del", *route)


def lease_holder(native: Native) -> str:
    lease = f"cilium-l2announce-{NAMESPACE}-near"
    where = f"{KUBECTL} -n kube-system get lease {lease} --ignore-not-found -o jsonpath={{.spec.holderIdentity}}"
    return native.twin.ssh("k8s-cp", where)


def test_the_password_is_told_nobody(native: Native) -> None:
    written = "".join(path.read_text(errors="replace") for path in find(None).rglob("*") if path.is_file())
    for secret in (native.password, b64encode(native.password.encode()).decode()):
        assert secret not in native.run.text
        assert secret not in written


def test_a_second_run_changes_nothing(native: Native) -> None:
    run = native.deploy([*POOLS, SPARE], "--json")
    assert run.returncode == 0, run.text
    assert run.changed == []


def test_what_is_wanted_no_longer_goes_and_nothing_else(native: Native) -> None:
    asked = f"{KUBECTL} get ciliumloadbalancerippools -o jsonpath='{{.items[*].metadata.name}}'"
    apply(native.twin, BY_HAND)
    dry = native.deploy(POOLS, "--dry", "--json")
    assert planned(dry) == {("k8s-cp", OBJECTS)}, dry.text
    assert native.twin.ssh("k8s-cp", asked).split() == ["by-hand", "lan", "routed", "spare"]
    run = native.deploy(POOLS, "--json")
    assert (run.returncode, run.changed) == (0, [OBJECTS]), run.text
    assert native.twin.ssh("k8s-cp", asked).split() == ["by-hand", "lan", "routed"]


def test_a_pool_made_by_hand_is_not_taken_over(native: Native) -> None:
    """The one of the test before."""
    run = native.deploy(
        [*POOLS, {"name": "by-hand", "blocks": ["172.31.252.0/28"], "services": {"announce": "nobody"}}]
    )
    assert run.returncode == 1
    assert "CiliumLoadBalancerIPPool by-hand is in the cluster already and was not applied by kubestead" in run.text
    assert "1 error, nothing was changed" in run.text


def test_packets_go_bare_and_whole(native: Native, pods: dict[str, Pod]) -> None:
    one, two = pods["one"], pods["two"]
    with capture(native.twin) as seen:
        assert one.asks(two.address, HTTP, "hostname") == ["two"]
        assert "1 received" in one.run(f"ping -M do -c 1 -W 5 -s {1500 - 28} {two.address}")
        bare = seen.between(one.address, two.address)
        said = one.run(f"ping -M do -c 1 -W 5 -s {1500 - 28 + 1} {two.address}")
        assert "essage too long" in said
        pings = [packet for packet in seen.between(one.address, two.address) if packet.protocol == ICMP]
        assert [packet.length for packet in pings] == [1500] * 2, "the longer one was never sent"
        assert not [packet for packet in seen.packets() if packet.inner], "no VXLAN at all"
    assert len(bare) > 5
    assert max(packet.length for packet in bare if packet.ports == (0, 0)) == 1500


def test_a_pod_is_its_node_to_those_outside(native: Native, pods: dict[str, Pod]) -> None:
    with outside.listening(native.twin) as server:
        pods["one"].run(f"nc -z -w 3 {outside.ADDRESS} {server.getsockname()[1]}")
        assert outside.caller(server) == native.address_of("k8s-worker1")


def test_one_node_answers_for_a_service_address_of_the_lan(native: Native, pods: dict[str, Pod]) -> None:
    address = external(native, "near")
    eventually(lambda: outside.answers(native.twin, address, 80), seconds=60)
    assert outside.neighbour(native.twin, address) == native.mac_of(lease_holder(native))
    assert lease_holder(native) in ("k8s-worker1", "k8s-worker2"), "control planes have other work"


def test_bgp_tells_routes_and_they_are_used(native: Native, router: Bird, pods: dict[str, Pod]) -> None:
    everyone = {native.address_of(node) for node in native.twin.record["addresses"]}
    address = external(native, "far")
    eventually(lambda: router.routes().get(f"{address}/32") == everyone, seconds=60)
    routes = router.routes()
    for pod in pods.values():
        network = pod.address.rpartition(".")[0] + ".0/24"
        assert routes[network] == {native.address_of(pod.node)}
        assert outside.get(native.twin, pod.address, HTTP, "/hostname") == pod.name
    assert outside.get(native.twin, address, 80, "/hostname") == "two"
    assert f"{external(native, 'near')}/32" not in routes, "that one is announced on the link"


def test_the_answer_comes_straight_from_the_pods_node(native: Native, router: Bird, pods: dict[str, Pod]) -> None:
    address = external(native, "far")
    with by_way_of(native, address, "k8s-worker1"), capture(native.twin) as seen:
        assert outside.get(native.twin, address, 80, "/clientip").rpartition(":")[0] == GATEWAY
        answers = [packet for packet in seen.packets() if packet.source == address]
        handed_on = seen.between(GATEWAY, pods["two"].address)
    assert {packet.macs[0] for packet in answers} == {native.mac_of("k8s-worker2")}
    assert {packet.has_options for packet in handed_on if packet.flags & SYN} == {True}
    assert {packet.macs[0] for packet in handed_on} == {native.mac_of("k8s-worker1")}


def test_whichever_node_is_asked_the_same_caller_gets_the_same_pod(
    native: Native, router: Bird, pods: dict[str, Pod]
) -> None:
    address = external(native, "spread")

    def chosen(node: str) -> dict[int, str]:
        with by_way_of(native, address, node):
            eventually(lambda: outside.answers(native.twin, address, 80))
            ask = outside.asked_by_udp
            return {port: ask(native.twin, address, 81, "hostname", port) for port in range(41000, 41016)}

    first = chosen("k8s-worker1")
    assert len(set(first.values())) > 1
    assert chosen("k8s-cp") == first


def test_prometheus_counts_the_flows_of_every_node(native: Native, pods: dict[str, Pod]) -> None:
    nodes = native.twin.record["addresses"]
    targets = [f"{address}:9965" for address in nodes.values()]
    with prometheus(native.twin, native.folder, targets) as scraping:
        counted = "sum by (instance) (hubble_flows_processed_total) > 0"
        eventually(lambda: {row["metric"]["instance"] for row in scraping.asked(counted)} == set(targets), seconds=60)
        assert pods["one"].asks(pods["two"].address, HTTP, "hostname") == ["two"]
        eventually(lambda: scraping.asked('hubble_tcp_flags_total{flag="SYN"} > 0'))
        eventually(lambda: scraping.asked(f'hubble_port_distribution_total{{port="{HTTP}"}} > 0'))


def test_a_node_without_power_loses_its_addresses_and_its_routes(
    native: Native, router: Bird, pods: dict[str, Pod]
) -> None:
    near, far = external(native, "near"), external(native, "spread")
    lost = lease_holder(native)
    native.twin.must("power", "off", lost)
    eventually(lambda: lease_holder(native) not in ("", lost), seconds=60)
    eventually(lambda: outside.answers(native.twin, near, 80), seconds=30)
    assert outside.neighbour(native.twin, near) == native.mac_of(lease_holder(native))
    gone = native.address_of(lost)
    eventually(lambda: gone not in {hop for hops in router.routes().values() for hop in hops}, seconds=60)
    assert router.routes()[f"{far}/32"], "the other nodes' routes stay"
    assert gone not in outside.ip(native.twin, "route", "show", "proto", "bird")
