"""The address plan: does everything the spec gives addresses to keep out of everything else's way?

Cilium guards none of it: a pool that meets the nodes' own network costs SSH and the API (cilium #42383, #13766).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from typing import TYPE_CHECKING

from kubestead.errors import Finding
from kubestead.netplan.advice import proposals
from kubestead.netplan.collect import MORE, fixed_uses, spec_uses
from kubestead.netplan.pairs import clash
from kubestead.netplan.propose import parts, propose_pool
from kubestead.netplan.routes import CILIUM_DEVICES, Route
from kubestead.netplan.uses import Kind, Network, OtherCluster, Use, network_use

if TYPE_CHECKING:
    from kubestead.spec import ClusterSpec

IPV4 = 4
KEPT = "the cluster runs with it, and it cannot be changed in place"
_NOTHING = "nothing private is free beside all this: remove a route"
_NO_BLOCK = "write addresses of the nodes' own network that no machine there has"


def check_pool(pod_cidr: IPv4Network, mask_size: int, service_cidr: IPv4Network) -> list[Finding]:
    """What can be said from the spec alone: the pool holds a node's part, and services live elsewhere."""
    pods = network_use(Kind.PODS, pod_cidr, "the pod pool", "pod_cidr", mask_size)
    services = network_use(Kind.SERVICES, service_cidr, "the service network", "service_cidr")
    wrong = _wrong([pods, services], (), nodes=1)
    refused = [key for key, reasons in wrong.items() if reasons]
    advice = proposals([pods, services], (), refused, 1, by_arp=False, by_bgp=False)
    return _findings([pods, services], wrong, advice)


def check_address_plan(
    spec: ClusterSpec,
    node_addresses: Mapping[str, IPv4Address],
    routes: Mapping[str, Sequence[Route]],
    *,
    others: Sequence[OtherCluster] = (),
    kept: Collection[str] = (),
    own_devices: Sequence[str] = CILIUM_DEVICES,
    addresses_v6: Mapping[str, Sequence[IPv6Address]] | None = None,
) -> list[Finding]:
    """Everything that stands in the way of the spec's networks on these nodes, with networks that fit.

    Each overlap is one finding, placed at the spec's key (``cilium_lb_pools.0.blocks.1``).

    Args:
        spec: the cluster.
        node_addresses: host name to its node address.
        routes: host name to the routes of its main table, with dual stack the IPv6 one's too.
        others: the other clusters of the mesh.
        kept: keys a running cluster cannot change: what is wrong with them is only told.
        own_devices: patterns of devices whose routes an already running Cilium made.
        addresses_v6: host name to its IPv6 addresses, but for those of a link alone.
    """
    ours = spec_uses(spec)
    fixed = fixed_uses(spec, node_addresses, routes, others, own_devices, addresses_v6)
    by_arp, by_bgp = bool(spec.cilium_l2_announcements), bool(spec.cilium_bgp)
    nodes = len(node_addresses)
    wrong = _wrong(ours, fixed, 1 if kept else nodes)
    refused = [key for key, reasons in wrong.items() if reasons and key not in kept]
    advice = proposals(ours, fixed, refused, nodes, by_arp=by_arp, by_bgp=by_bgp)
    found = _findings(ours, wrong, advice, kept)
    if "pod_cidr" in kept:
        found += _grow(spec, [*ours, *fixed], nodes)
    if by_arp and not by_bgp:
        found += _unheard(ours, fixed, {finding.where for finding in found})
    return found


def _wrong(ours: Sequence[Use], fixed: Sequence[Use], nodes: int) -> dict[str, list[str]]:
    """What is wrong with each key of the spec."""
    return {use.key: [*_too_small(use, ours, nodes), *_met(use, ours, fixed)] for use in ours}


def _findings(
    ours: Sequence[Use],
    wrong: Mapping[str, Sequence[str]],
    advice: Mapping[str, Network],
    kept: Collection[str] = (),
) -> list[Finding]:
    return [
        Finding(use.key, reason, KEPT, value=use.value, severity="warning")
        if use.key in kept
        else Finding(use.key, reason, _fix(use, advice.get(use.key)), value=use.value)
        for use in ours
        for reason in wrong[use.key]
    ]


def _too_small(use: Use, ours: Sequence[Use], nodes: int) -> Iterator[str]:
    """A network that holds no part at all; a pool, as it grew, with fewer parts than there are nodes."""
    if use.kind is not Kind.PODS:
        return
    if use.key == "pod_cidr":
        pool = [_parts(one) for one in ours if one.key.partition(".")[0] in ("pod_cidr", MORE)]
        if _parts(use) == 0 or sum(pool) < nodes:
            more = f" with {MORE}" if len(pool) > 1 and _parts(use) else ""
            held = sum(pool) if more else _parts(use)
            yield f"holds {held} node part(s) of /{use.mask_size}{more}, and there are {nodes} node(s)"
    elif use.key == "pod_cidr_v6" and _parts(use) < nodes:
        yield f"holds {_parts(use)} node part(s) of /{use.mask_size}, and there are {nodes} node(s)"
    elif _parts(use) == 0:
        yield f"holds no node part of /{use.mask_size}"


def _met(use: Use, ours: Sequence[Use], fixed: Sequence[Use]) -> Iterator[str]:
    """Of two of the spec's own the later one is told: the pool comes first, and what was appended after it."""
    for other in (*ours[: ours.index(use)], *fixed):
        if verb := clash(use, other):
            yield f"{verb} {other}"


def _fix(use: Use, proposal: Network | None) -> str:
    if proposal is None:
        return _NO_BLOCK if use.kind is Kind.BALANCED else _NOTHING
    write = f"write {use.key} = '{proposal}'" if "." not in use.key else f"write '{proposal}' there"
    return f"{write}, if no other machine has addresses in it" if use.kind is Kind.BALANCED else write


def _grow(spec: ClusterSpec, uses: Sequence[Use], nodes: int) -> Iterator[Finding]:
    """A running pool that is too small grows at its end."""
    held, mask = sum(parts(cidr, spec.pod_cidr_mask_size) for cidr in spec.pool), spec.pod_cidr_mask_size
    if held >= nodes or spec.cilium_ipam == "kubernetes":
        return
    avoid = [network for use in uses for network in use.networks]
    more = propose_pool(avoid, mask, nodes - held)
    written = [*map(str, spec.cilium_more_pod_cidrs), str(more)]
    reason = f"the pool holds {held} node part(s) of /{mask}, and there are {nodes} node(s)"
    value = [str(cidr) for cidr in spec.cilium_more_pod_cidrs]
    yield Finding(MORE, reason, f"write {MORE} = {written}" if more else _NOTHING, value=value)


def _unheard(ours: Sequence[Use], fixed: Sequence[Use], told: Collection[str]) -> Iterator[Finding]:
    """Blocks nobody asks the nodes' links for; where no link is known, nothing can be said."""
    links = [use for use in fixed if use.kind is Kind.LINK and use.version == IPV4]
    for use in ours:
        if use.kind is not Kind.BALANCED or use.key in told or not links:
            continue
        (first, last) = use.span
        if not any(link.span[0] <= first and last <= link.span[1] for link in links):
            advice = proposals(ours, fixed, [use.key], 1, by_arp=True, by_bgp=False)
            reason = "lies in no network the nodes have a link in, so nobody asks there for its addresses"
            yield Finding(use.key, reason, _fix(use, advice.get(use.key)), value=use.value, severity="warning")


def _parts(use: Use) -> int:
    networks: list[Network] = [*use.networks, *use.networks_v6]
    return sum(parts(network, use.mask_size) for network in networks)
