"""The pools pods have their addresses from: those of a running Cilium, and those its chart's values ask for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network
from typing import Any

from kubestead.adopt.running import RunningCluster
from kubestead.netplan import PodPools, Pool

_CREATED = "auto-create-cilium-pod-ip-pools"


def running_pools(running: RunningCluster) -> PodPools:
    """Out of the ConfigMap cilium-config. What is not written there, or not to be read, is left out.

    With multi-pool it names the pools Cilium's operator was told to make; they themselves tell what became of them.
    """
    cilium = running.cilium or {}
    ipam = cilium.get("ipam", "")
    if ipam == "multi-pool":
        made = {name: pool for name, text in _created(cilium.get(_CREATED, "")).items() if (pool := _parsed(text))}
        if running.pod_pools is not None:
            there = {name: Pool(_networks(cidrs.split()), _size(size)) for name, size, cidrs in running.pod_pools}
            made = {name: there[name] for name in made if name in there and there[name].cidrs}
        return PodPools(ipam, made.pop("default", None), made)
    # Another mode may have left these keys behind.
    cidrs = _networks(cilium.get("cluster-pool-ipv4-cidr", "").split()) if ipam == "cluster-pool" else ()
    return PodPools(ipam, Pool(cidrs, _size(cilium.get("cluster-pool-ipv4-mask-size"))) if cidrs else None)


def wanted_pools(values: Mapping[str, Any]) -> PodPools:
    """Out of the values Cilium's chart is given, ``cilium_extra_values`` among them."""
    ipam = _mapping(values.get("ipam"))
    operator, mode = _mapping(ipam.get("operator")), str(ipam.get("mode"))
    if mode == "multi-pool":
        created = _mapping(operator.get("autoCreateCiliumPodIPPools"))
        pools = {str(name): _given(_mapping(_mapping(pool).get("ipv4"))) for name, pool in created.items()}
        return PodPools(mode, pools.pop("default", None), pools)
    cidrs = _networks(operator.get("clusterPoolIPv4PodCIDRList") or ())
    return PodPools(mode, Pool(cidrs, _size(operator.get("clusterPoolIPv4MaskSize"))) if cidrs else None)


def as_values(pools: PodPools) -> dict[str, Any]:
    """The chart's values that make these pools."""
    if pools.ipam == "multi-pool":
        every = {**({"default": pools.pool} if pools.pool else {}), **pools.named}
        made = {name: {"ipv4": {"cidrs": _text(pool), "maskSize": pool.mask_size}} for name, pool in every.items()}
        return {"ipam": {"operator": {"autoCreateCiliumPodIPPools": made}}}
    pool = pools.pool or Pool(())
    values = {"clusterPoolIPv4PodCIDRList": _text(pool), "clusterPoolIPv4MaskSize": pool.mask_size}
    return {"ipam": {"operator": values}}


def pod_networks(running: RunningCluster) -> frozenset[IPv4Network] | None:
    """Every network pods of the running cluster have addresses from; None where that is not known."""
    if running.cilium is None:
        return None
    pools = running_pools(running)
    if pools.ipam == "kubernetes":
        subnet = _mapping((running.configuration or {}).get("networking")).get("podSubnet")
        return frozenset(_networks(str(subnet).split(",")))
    every = [*([pools.pool] if pools.pool else []), *pools.named.values()]
    return frozenset(cidr for pool in every for cidr in pool.cidrs)


def _created(text: str) -> dict[str, str]:
    """``default=ipv4-cidrs:10.0.0.0/8;ipv4-mask-size:24,green=...``, where commas stand between networks too."""
    found: dict[str, str] = {}
    name = ""
    for piece in text.replace(" ", "").split(","):
        before, equals, after = piece.partition("=")
        name, more = (before, after) if equals else (name, f",{piece}")
        found[name] = found.get(name, "") + more
    return found


def _parsed(text: str) -> Pool | None:
    fields = dict(field.partition(":")[::2] for field in text.split(";"))
    cidrs = _networks(fields.get("ipv4-cidrs", "").split(","))
    return Pool(cidrs, _size(fields.get("ipv4-mask-size"))) if cidrs else None


def _given(ipv4: Mapping[str, Any]) -> Pool:
    return Pool(_networks(ipv4.get("cidrs") or ()), _size(ipv4.get("maskSize")))


def _text(pool: Pool) -> list[str]:
    return [str(cidr) for cidr in pool.cidrs]


def _networks(written: Any) -> tuple[IPv4Network, ...]:
    found = []
    for text in written if isinstance(written, Iterable) and not isinstance(written, str) else ():
        try:
            found.append(IPv4Network(str(text), strict=False))
        except ValueError:
            continue
    return tuple(found)


def _size(written: Any) -> int | None:
    text = str(written)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
