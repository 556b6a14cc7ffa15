"""Do Cilium's values agree with the Cilium that runs? What cannot be changed in place must, and none may get lost."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from kubestead.adopt.given import Must, changed, get, lost, nested
from kubestead.adopt.running import RunningCluster
from kubestead.chart import ValuePath
from kubestead.errors import Finding
from kubestead.merge import deep_merge
from kubestead.spec import ClusterSpec
from kubestead.spec.loading import check_values
from kubestead.spec.places import line, place

_RELEASE = re.compile(r"(\d+)\.(\d+)\.(\d+)")
FIXED = "cannot be changed in place"
CLUSTER_NAME: ValuePath = ("cluster", "name")


def cilium_findings(
    spec: ClusterSpec, values: Mapping[str, Any], running: RunningCluster, places: Mapping[str, str]
) -> Iterator[Finding]:
    """What the values would change that has to stay; the arguments are those of :func:`kubestead.adopt.compare`."""
    if running.cilium is None:
        return
    yield from _version(spec, running, places)
    musts = [*_fixed(spec, values, running.cilium), *_pool(spec, running.cilium)]
    musts += lost(spec, values, running)
    kept: dict[str, Any] = dict(spec.cilium_extra_values)
    for must in musts:
        kept = deep_merge(kept, {} if must.key else nested(must.path, must.is_now))
    whole_line = line("cilium_extra_values", kept, places)
    for must in musts:
        key = must.key or f"cilium_extra_values.{'.'.join(must.path)}"
        fix = _line(must, must.key, places) if must.key else whole_line
        whole_line = whole_line if must.key else "it is in the line above"
        wanted = spec.model_dump(mode="json")[must.key] if must.key else get(values, must.path)
        yield Finding(place(key, places), f"the running cluster has {must.reason}", fix, value=wanted)
    yield from changed(values, running, musts, places)


def _line(must: Must, key: str, places: Mapping[str, str]) -> str:
    """The line that agrees with the cluster, if the spec can take one."""
    if must.hint:
        return must.hint
    wrong = check_values({key: must.is_now}, {})
    cannot = f"kubestead cannot look after this cluster: {key} {must.is_now} {wrong[0].reason}" if wrong else ""
    return cannot or line(key, must.is_now, places)


def _version(spec: ClusterSpec, running: RunningCluster, places: Mapping[str, str]) -> Iterator[Finding]:
    """Cilium is upgraded one minor release at a time and never turned back: docs.cilium.io, upgrade guide."""
    version, found = running.cilium_version or "", _RELEASE.match(running.cilium_version or "")
    wanted = _RELEASE.match(spec.cilium_version)
    if version == spec.cilium_version or found is None or wanted is None:
        return
    is_now, shall_be = (tuple(map(int, match.groups())) for match in (found, wanted))
    if is_now < shall_be <= (is_now[0], is_now[1] + 1, sys.maxsize):
        return
    reason = f"runs {version}; Cilium goes forward, one minor release at a time"
    fix = line("cilium_version", version, places)
    yield Finding(place("cilium_version", places), f"the running cluster {reason}", fix, value=spec.cilium_version)


def _fixed(spec: ClusterSpec, values: Mapping[str, Any], cilium: Mapping[str, str]) -> Iterator[Must]:
    """What cilium-config says the agents really do. To change it under running pods cuts them off: docs.cilium.io on
    IPAM, routing and cluster names."""
    routing = "native" if cilium.get("routing-mode") == "native" else cilium.get("tunnel-protocol")
    for key, is_now in (("cilium_ipam", cilium.get("ipam")), ("cilium_routing", routing)):
        if is_now and getattr(spec, key) != is_now:
            yield Must(is_now, f"{is_now}, and it {FIXED}", key)
    name = cilium.get("cluster-name")
    if name and get(values, CLUSTER_NAME) not in (None, name):
        yield Must(name, f"{name}, and it {FIXED}", path=CLUSTER_NAME)


def _pool(spec: ClusterSpec, cilium: Mapping[str, str]) -> Iterator[Must]:
    """The pool nodes have their parts from. It may be added to at its end, and that is all."""
    if cilium.get("ipam") != "cluster-pool":
        return
    pools = cilium.get("cluster-pool-ipv4-cidr", "").split()
    wanted = [str(network) for network in spec.pool]
    if pools and wanted[:1] != pools[:1]:
        yield Must(pools[0], f"{pools[0]}, and it {FIXED}", "pod_cidr")
    if wanted[1 : len(pools)] != pools[1:]:
        grown = " ".join(pools[1:])
        yield Must(pools[1:], f"{grown} after the first one, and they can only be added to", "cilium_more_pod_cidrs")
    size = cilium.get("cluster-pool-ipv4-mask-size", "")
    if size.isdigit() and spec.pod_cidr_mask_size != int(size):
        yield Must(int(size), f"{size}, and it {FIXED}", "pod_cidr_mask_size")
    pool_v6 = cilium.get("cluster-pool-ipv6-cidr", "").split()
    if spec.dual and pool_v6 and pool_v6[0] != str(spec.pod_cidr_v6):
        yield Must(pool_v6[0], f"{pool_v6[0]}, and it {FIXED}", "pod_cidr_v6")
    size_v6 = cilium.get("cluster-pool-ipv6-mask-size", "")
    if spec.dual and size_v6.isdigit() and spec.pod_cidr_v6_mask_size != int(size_v6):
        yield Must(int(size_v6), f"{size_v6}, and it {FIXED}", "pod_cidr_v6_mask_size")
