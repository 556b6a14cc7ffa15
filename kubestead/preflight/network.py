"""Does every node have its address, do the nodes reach each other, and is there room for pods and services?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Interface

from kubestead.errors import Finding
from kubestead.netplan import CILIUM_DEVICES, KEPT, Route, check_address_plan, check_capacity
from kubestead.netplan.collect import spec_uses
from kubestead.netplan.routes import INNER_DEVICES, matches
from kubestead.netplan.uses import Kind
from kubestead.preflight.findings import finding, unknown
from kubestead.preflight.survey import Host, Node, Survey
from kubestead.spec import ClusterSpec

KUBELET = 10250
CILIUM_HEALTH = 4240
HUBBLE = 4244
# How many workers a node probes; up to that many, each probes every other.
NEIGHBOURS = 8
_REASONS = {
    "timeout": "does not answer: a firewall drops the connection, or the host is down",
    "no route": "has no route there, or a firewall rejects it",
}


def needed_connections(node: Node, peers: tuple[Node, ...], spec: ClusterSpec) -> tuple[tuple[str, int], ...]:
    """The TCP connections ``node`` must be able to open to its ``peers`` (itself left out), as (address, port).

    Among many nodes each asks the control planes and the next few of the others, in a ring, so that each is asked too:
    a mesh of all would be two million connections among a thousand nodes. VXLAN's UDP port is not among them: without a
    listener there, nothing tells a reachable port from a filtered one.
    """
    relay = [HUBBLE] if spec.hubble and spec.hubble_relay else []
    near = _near(node, peers)
    wanted = []
    for peer in peers:
        if peer.name == node.name:
            continue
        ports = [CILIUM_HEALTH, *relay] if peer.name in near else []
        if peer.role == "control_plane":
            ports.append(spec.endpoint_port)
        if node.role == "control_plane":
            ports.append(KUBELET)
        wanted += [(str(peer.address), port) for port in ports]
    return tuple(wanted)


def _near(node: Node, peers: tuple[Node, ...]) -> set[str]:
    """The peers this node asks as an equal: every control plane, and the workers that follow it."""
    workers = [peer.name for peer in peers if peer.role == "worker"]
    start = workers.index(node.name) + 1 if node.name in workers else 0
    ring = [*workers[start:], *workers[:start]][:NEIGHBOURS]
    return {*ring, *(peer.name for peer in peers if peer.role == "control_plane")}


def check_node_address(host: Host, survey: Survey) -> Iterator[Finding]:
    info, address = host.info, host.node.address
    if info.devices is None:
        yield unknown(host, "addresses", "install iproute2 on it, which has ip")
    elif address.is_loopback:
        reason = "is the loopback address, which no other node reaches"
        yield finding(host, "node address", str(address), reason, "write node_address for it in site.yaml")
    elif info.device_of(address) is None:
        present = [own for device in info.devices if device.name != "lo" for own in device.addresses]
        yield finding(
            host,
            "node address",
            str(address),
            f"is on no device of it; it has {', '.join(present) or 'none'}",
            "write the one the other nodes reach as node_address for it in site.yaml",
        )


def check_reachability(host: Host, survey: Survey) -> Iterator[Finding]:
    """A refused connection is a reached host on which nothing listens yet.

    A firewall that *rejects* with a reset or "port unreachable" cannot be told from it.
    """
    wanted = needed_connections(host.node, survey.peers, survey.spec)
    if host.probes is None:
        if wanted:
            yield unknown(host, "connections to the other nodes", "try 'bash -c \": </dev/tcp/ADDRESS/10250\"' on it")
        return
    results = {(probe.address, probe.port): probe.result for probe in host.probes}
    failed: dict[tuple[str, str], list[int]] = defaultdict(list)
    for address, port in wanted:
        result = results.get((address, port))
        if result not in ("open", "refused"):
            failed[address, _REASONS.get(result or "", "could not be tried")].append(port)
    names = {str(node.address): node.name for node in survey.nodes}
    for (address, reason), ports in failed.items():
        yield finding(
            host,
            f"connection to {names[address]}",
            f"{address} tcp {', '.join(map(str, ports))}",
            reason,
            f"let the nodes reach each other; try on {host.name}: "
            f"timeout 2 bash -c ': </dev/tcp/{address}/{ports[0]}'; echo $?",
        )


def check_routes_known(host: Host, survey: Survey) -> Iterator[Finding]:
    if host.info.routes is None:
        yield unknown(host, "routes", "install iproute2 on it, which has ip")


def check_addresses(survey: Survey) -> Iterator[Finding]:
    """Every network of the spec against every other, node addresses, routers and live routes; no node address twice."""
    holders: dict[str, list[str]] = defaultdict(list)
    for node in survey.nodes:
        holders[str(node.address)].append(node.name)
    for address, names in holders.items():
        if len(names) > 1:
            where = f"{', '.join(names)}: node address"
            yield Finding(where, "is given to several nodes", "write node_address for each in site.yaml", value=address)
    yield from _address_plan(survey)


def check_room(survey: Survey) -> Iterator[Finding]:
    """Whether the pool has room to grow, and kubelet as many pods as a node has addresses."""
    yield from check_capacity(survey.spec, len(survey.nodes))


def _address_plan(survey: Survey) -> Iterator[Finding]:
    """A running cluster keeps its networks, so what they meet on its members is only told; a host that has yet to join
    must not bring such a network with it."""
    members = [host for host in survey.hosts if host.info.files.joined and host.info.files.interrupted is None]
    if not members:
        yield from _plan(survey, survey.nodes, survey.hosts)
        return
    kept, newcomers = _kept(survey), [host for host in survey.hosts if host not in members]
    new = [host.node for host in newcomers]
    running = _plan(survey, [node for node in survey.nodes if node not in new], members, kept)
    yield from (clash for clash in running if clash.where in kept)
    told = {(clash.where, clash.reason) for clash in running}
    for clash in _plan(survey, new, newcomers, kept):
        if clash.where in kept and (clash.where, clash.reason) not in told:
            yield replace(clash, fix=f"{KEPT}; take that network off the host, or leave the host out", severity="error")
    yield from (clash for clash in _plan(survey, survey.nodes, survey.hosts, kept) if clash.where not in kept)


def _kept(survey: Survey) -> set[str]:
    """The keys a running cluster cannot change: its services' network, and the pod networks it has already."""
    pods = [use for use in spec_uses(survey.spec) if use.kind is Kind.PODS]
    runs = survey.running_pods
    appended = {use.key for use in pods if runs is not None and not runs.issuperset(use.networks)}
    services = {"service_cidr", "service_cidr_v6"} if survey.spec.dual else {"service_cidr"}
    return {*services, *(use.key for use in pods)} - (appended - {"pod_cidr"})


def _plan(survey: Survey, nodes: Sequence[Node], hosts: Sequence[Host], kept: Collection[str] = ()) -> list[Finding]:
    return check_address_plan(
        survey.spec,
        {node.name: node.address for node in nodes},
        {host.name: (*(host.info.routes or ()), *_routes_v6(host, survey)) for host in hosts},
        others=survey.spec.other_clusters,
        kept=kept,
        addresses_v6={host.name: _addresses_v6(host) for host in hosts if survey.spec.dual},
    )


def _routes_v6(host: Host, survey: Survey) -> Sequence[Route]:
    """IPv6 is looked at where pods have it; a host without it has no such routes."""
    return (host.info.routes_v6 or ()) if survey.spec.dual else ()


def _addresses_v6(host: Host) -> list[IPv6Address]:
    """What other machines know the host by."""
    own = [device for device in host.info.devices or () if not matches(device.name, (*CILIUM_DEVICES, *INNER_DEVICES))]
    return list(dict.fromkeys(IPv6Interface(address).ip for device in own for address in device.addresses_v6))
