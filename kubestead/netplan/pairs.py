"""Which uses of addresses may share some, and why. docs/addresses.md shows this very table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kubestead.netplan.uses import Kind, Use

# never: no address may be both. inside: the first may lie wholly inside the second. always: nothing comes of it.
May = Literal["never", "inside", "always"]


@dataclass(frozen=True)
class Pair:
    """Two uses: whether they may share addresses, and what comes of it if they do."""

    one: Kind
    other: Kind
    may: May
    why: str


_TAKEN = "pods' packets and that machine's are mistaken for each other: SSH and the API are lost (cilium #42383)"
_HIDDEN = "nodes no longer reach what is there"
_CATCH = "a service's address is caught on every node, so the machine that has it is no longer reached"
_TWO = "one address, two owners"
_LAN = "it has to, for L2 announcements; its own ends stay free, and machines and DHCP there must keep out of the block"

PAIRS: tuple[Pair, ...] = (
    Pair(Kind.PODS, Kind.PODS, "never", "Cilium's operator ends ('collides with'), or two pods get one address"),
    Pair(Kind.PODS, Kind.SERVICES, "never", "packets to a service go to a pod, or the other way round"),
    Pair(Kind.PODS, Kind.BALANCED, "never", _TWO),
    Pair(Kind.PODS, Kind.NODE, "never", _TAKEN),
    Pair(Kind.PODS, Kind.API, "never", _TAKEN),
    Pair(Kind.PODS, Kind.ROUTER, "never", _TAKEN),
    Pair(Kind.PODS, Kind.LINK, "never", _TAKEN),
    Pair(Kind.PODS, Kind.INNER, "never", _HIDDEN),
    Pair(Kind.PODS, Kind.ROUTE, "never", _HIDDEN),
    Pair(
        Kind.PODS, Kind.OTHER_PODS, "never", "in a mesh every pod's address must be its own (Cilium's ClusterMesh page)"
    ),
    Pair(Kind.PODS, Kind.OTHER_SERVICES, "never", "the other cluster takes packets to these pods for its services'"),
    Pair(Kind.SERVICES, Kind.BALANCED, "never", _TWO),
    Pair(Kind.SERVICES, Kind.NODE, "never", _CATCH),
    Pair(Kind.SERVICES, Kind.API, "never", _CATCH),
    Pair(Kind.SERVICES, Kind.ROUTER, "never", _CATCH),
    Pair(Kind.SERVICES, Kind.LINK, "never", _CATCH),
    Pair(Kind.SERVICES, Kind.INNER, "never", _HIDDEN),
    Pair(Kind.SERVICES, Kind.ROUTE, "never", _HIDDEN),
    Pair(Kind.SERVICES, Kind.OTHER_PODS, "never", "packets to the other cluster's pods are taken for services'"),
    Pair(Kind.SERVICES, Kind.OTHER_SERVICES, "always", "a service's address means something in its own cluster only"),
    Pair(Kind.BALANCED, Kind.BALANCED, "never", "Cilium gives nothing from the later of two pools (PoolConflict)"),
    Pair(Kind.BALANCED, Kind.NODE, "never", _CATCH),
    Pair(Kind.BALANCED, Kind.API, "never", _CATCH),
    Pair(Kind.BALANCED, Kind.ROUTER, "never", _CATCH),
    Pair(Kind.BALANCED, Kind.LINK, "inside", _LAN),
    Pair(Kind.BALANCED, Kind.INNER, "never", _HIDDEN),
    Pair(
        Kind.BALANCED, Kind.ROUTE, "inside", "a route to a wider network is no hindrance; one to a part of the block is"
    ),
    Pair(Kind.BALANCED, Kind.OTHER_PODS, "never", _TWO),
    Pair(Kind.BALANCED, Kind.OTHER_SERVICES, "never", "the other cluster takes packets to it for its services'"),
)
_BY_KINDS = {frozenset((pair.one, pair.other)): pair for pair in PAIRS}


def pair_of(one: Kind, other: Kind) -> Pair | None:
    """The row for two kinds, in either order; None where neither is the spec's."""
    return _BY_KINDS.get(frozenset((one, other)))


def clash(one: Use, other: Use) -> str | None:
    """How ``one``, which is the spec's, meets ``other`` though it may not: a verb; None where all is well."""
    pair = pair_of(one.kind, other.kind)
    if pair is None or pair.may == "always" or not _overlap(one, other):
        return None
    return "meets" if pair.may == "never" else _not_inside(one, other)


def _overlap(one: Use, other: Use) -> bool:
    # Cilium compares load-balancer blocks whole; to everybody else an address nobody gets is free.
    whole = one.kind is other.kind
    (first, last), (start, end) = (one.span, other.span) if whole else (one.given, other.given)
    return one.version == other.version and first <= end and start <= last


def _not_inside(one: Use, other: Use) -> str | None:
    first, last = one.span
    start, end = other.span
    if not start <= first <= last <= end:
        return "reaches beyond" if first <= start and end <= last else "lies partly in"
    if other.kind is Kind.ROUTE:
        return "is the whole of" if one.span == other.span else None
    # What the network itself is called, and its broadcast address; a network of two or one has neither.
    ends = {start, end} if end - start > 1 else set()
    return "gives out the first or last address of" if ends & set(one.given) else None
