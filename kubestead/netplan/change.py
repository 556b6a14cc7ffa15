"""What may change of pod pools under a running cluster: they grow at their end, and that is all.

Sources: Cilium's pages on cluster-pool IPAM ("Expanding the cluster pool") and multi-pool IPAM, cilium #26966.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Any

MORE = "cilium_more_pod_cidrs"
FIXED = "and it cannot be changed in place"
SEE_PARTS = (
    "kubectl get ciliumnodes --output "
    "custom-columns=NODE:.metadata.name,ONE:.spec.ipam.podCIDRs,SEVERAL:.spec.ipam.pools.allocated"
)


@dataclass(frozen=True)
class Pool:
    """Networks and the prefix length of nodes' parts of them; None where that is not known."""

    cidrs: tuple[IPv4Network, ...]
    mask_size: int | None = None


@dataclass(frozen=True)
class PodPools:
    """Where pods' addresses come from.

    Args:
        ipam: Cilium's mode, as in ``cilium_ipam``.
        pool: the pool every pod has its address from unless it asks for another; None where Cilium has none.
        named: the pools beside it (multi-pool).
        service_cidr: the services' network; None where it is not compared.
    """

    ipam: str
    pool: Pool | None = None
    named: Mapping[str, Pool] = field(default_factory=dict)
    service_cidr: IPv4Network | None = None


@dataclass(frozen=True)
class PoolChange:
    """A change that is refused.

    Args:
        key: the spec's key.
        reason: what the running cluster has and why it stays, to follow "the running cluster has".
        keep: the key's value that goes with the running cluster, as it is written in group_data.
    """

    key: str
    reason: str
    keep: Any = None


def check_pool_change(running: PodPools, wanted: PodPools) -> list[PoolChange]:
    """What of ``wanted`` a cluster with ``running`` cannot take; empty where it only grows.

    Another ``ipam`` is another cluster: nothing is compared then.
    """
    changes: list[PoolChange] = []
    if running.service_cidr and wanted.service_cidr != running.service_cidr:
        reason = f"{running.service_cidr}, in which every service has its address, {FIXED}"
        changes.append(PoolChange("service_cidr", reason, str(running.service_cidr)))
    if running.ipam != wanted.ipam:
        return changes
    if running.pool and wanted.pool:
        changes += _pool(running.pool, wanted.pool, ordered=running.ipam != "multi-pool")
        changes += _mask("pod_cidr_mask_size", "", running.pool, wanted.pool, running.pool.mask_size)
    return [*changes, *_named(running.named, wanted.named)]


def _pool(running: Pool, wanted: Pool, *, ordered: bool) -> Iterator[PoolChange]:
    if running.cidrs[:1] != wanted.cidrs[:1]:
        yield PoolChange("pod_cidr", _why(running.cidrs[0], 0, running, wanted), str(running.cidrs[0]))
    # Of several pools each is a set to Cilium.
    gone = [
        (place, cidr)
        for place, cidr in enumerate(running.cidrs[1:], 1)
        if (wanted.cidrs[place : place + 1] != (cidr,) if ordered else cidr not in wanted.cidrs[1:])
    ]
    if gone:
        place, cidr = gone[0]
        keep = _strings(_grown(running, wanted)[1:])
        yield PoolChange(MORE, _why(cidr, place, running, wanted), keep)


def _why(cidr: IPv4Network, place: int, running: Pool, wanted: Pool) -> str:
    """``10.0.0.0/8``, with what happened to it."""
    instead = wanted.cidrs[place] if place < len(wanted.cidrs) else None
    if cidr in wanted.cidrs:
        what = f"as number {place + 1} of the pool, where new networks go to the end"
    elif instead is None:
        what = "which nodes may have parts of"
    elif instead.subnet_of(cidr):
        what = f"of which {instead} is a part: nodes may have parts outside of it"
    elif cidr.subnet_of(instead):
        what = "which grows by another network at the pool's end, not by a shorter prefix"
    else:
        what = "in which nodes have their parts"
    return f"{cidr}, {what}, {FIXED}"


def _grown(running: Pool, wanted: Pool) -> list[IPv4Network]:
    """The running networks in their order, and what is new at the end."""
    new = (cidr for cidr in wanted.cidrs if not any(cidr.overlaps(old) for old in running.cidrs))
    return [*running.cidrs, *new]


def _mask(key: str, name: str, running: Pool, wanted: Pool, keep: Any) -> Iterator[PoolChange]:
    if running.mask_size is not None and wanted.mask_size not in (None, running.mask_size):
        of = f" of the pool {name}" if name else ""
        yield PoolChange(key, f"{running.mask_size}, the size{of} every node's part already has, {FIXED}", keep)


def _named(running: Mapping[str, Pool], wanted: Mapping[str, Pool]) -> Iterator[PoolChange]:
    """Pools beside the default one: cidrs may be appended, and new pools added."""
    merged = {**running, **{name: pool for name, pool in wanted.items() if name not in running}}
    merged |= {
        name: Pool(tuple(_grown(pool, wanted[name])), pool.mask_size)
        for name, pool in running.items()
        if name in wanted
    }
    keep = [
        {"name": name, "cidrs": _strings(pool.cidrs), **({"mask_size": pool.mask_size} if pool.mask_size else {})}
        for name, pool in merged.items()
    ]
    for name, pool in running.items():
        now = wanted.get(name)
        if now is None:
            yield PoolChange(
                "cilium_pools", f"the pool {name}, which goes when no node has a part of it: {SEE_PARTS}", keep
            )
            continue
        for cidr in pool.cidrs:
            if cidr not in now.cidrs:
                reason = f"{cidr} in the pool {name}, which goes when no node has a part of it: {SEE_PARTS}"
                yield PoolChange("cilium_pools", reason, keep)
        yield from _mask("cilium_pools", name, pool, now, keep)


def _strings(cidrs: Sequence[IPv4Network]) -> list[str]:
    return [str(cidr) for cidr in cidrs]
