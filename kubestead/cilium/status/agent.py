"""An agent's own answers: ``cilium-dbg status``, ``cilium-health status`` and ``cilium-dbg bpf metrics list`` as JSON.

The forms are those of Cilium 1.18.4: api/v1/models/status_response.go, api/v1/health/models, cilium-dbg/cmd.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Drops = Mapping[tuple[str, str], int]
Data = Mapping[str, Any]
_ALLOCATED = re.compile(r"(\d+)/(\d+) allocated from (\S+?)(?:,|$)")
# Part of the status to the key under which its state stands.
_PARTS = {"Kubernetes": "kubernetes", "kvstore": "kvstore", "container runtime": "container-runtime",
          "CNI file": "cni-file", "Hubble": "hubble"}  # fmt: skip
# Counted beside the drops: packets that went on. Source: pkg/monitor/api/drop.go, codes below 130.
_GONE_ON = re.compile(r"Success|Interface|LB[:,] sock cgroup|Fragmented packet|Missed tail call to custom program")


@dataclass(frozen=True)
class State:
    """``Ok``, ``Warning``, ``Failure`` or ``Disabled``, and what the agent says of it."""

    state: str
    message: str = ""

    @property
    def bad(self) -> bool:
        """Neither well nor switched off."""
        return self.state.lower() not in ("ok", "disabled", "")


@dataclass(frozen=True)
class Controller:
    """A task of the agent that fails: how often in a row, and its last words."""

    name: str
    failures: int
    error: str


@dataclass(frozen=True)
class RemoteCluster:
    """Another cluster of the mesh as an agent or kvstoremesh has it; ``ready``: all it tells has come."""

    name: str
    ready: bool
    status: str = ""


@dataclass(frozen=True)
class AgentStatus:
    """What an agent says of itself.

    Args:
        parts: states by the part's name, as in ``Kubernetes``.
        controllers: those that fail.
        used, capacity: addresses of the node's part of the pod network; None where the agent does not tell.
        routing: ``vxlan``, ``geneve`` or ``native``.
        masquerade: ``iptables``, ``bpf`` or ``off``.
        encryption: ``none``, ``ipsec`` or ``wireguard``; ``peers`` is WireGuard's number of other nodes.
        devices: the links that carry traffic to other nodes.
        clusters: the others of the mesh.
    """

    version: str
    cilium: State
    parts: Mapping[str, State]
    controllers: tuple[Controller, ...] = ()
    used: int | None = None
    capacity: int | None = None
    routing: str = ""
    kube_proxy_replaced: bool | None = None
    masquerade: str = ""
    encryption: str = ""
    peers: int | None = None
    devices: tuple[str, ...] = ()
    clusters: tuple[RemoteCluster, ...] = ()


@dataclass(frozen=True)
class HealthPath:
    """How cilium-health found a node: its own address, or the endpoint in its part of the pod network.

    Args:
        node: the name; that of another cluster has the cluster before it.
        kind: ``node`` or ``endpoint``.
        icmp, http: what went wrong, empty where nothing did, None where it was not probed yet.
    """

    node: str
    kind: str
    address: str
    icmp: str | None = None
    http: str | None = None
    probed: str = ""


def agent_status(data: Data) -> AgentStatus:
    """From ``cilium-dbg status --output json``.

    Raises:
        TypeError, AttributeError, ValueError: it is not of that form.
    """
    parts = {name: _state(data[key]) for name, key in _PARTS.items() if data.get(key)}
    health = (data.get("cluster") or {}).get("ciliumHealth")
    if health:
        parts["cilium-health"] = _state(health)
    cilium = _state(data.get("cilium") or {})
    masquerading, encryption = data.get("masquerading") or {}, data.get("encryption") or {}
    replaced, routing = data.get("kube-proxy-replacement") or {}, data.get("routing") or {}
    found = [tuple(map(int, one[:2])) for one in _ALLOCATED.findall((data.get("ipam") or {}).get("status") or "")]
    interfaces = (encryption.get("wireguard") or {}).get("interfaces") or []
    tunnel = str(routing.get("tunnel-protocol") or "")
    mode = str(routing.get("inter-host-routing-mode") or "").lower()
    return AgentStatus(
        version=cilium.message.split(" ")[0] if cilium.message[:1].isdigit() else "",
        cilium=cilium,
        parts=parts,
        controllers=tuple(_controllers(data.get("controllers") or ())),
        used=found[0][0] if found else None,
        capacity=found[0][1] if found else None,
        routing=tunnel or mode if mode == "tunnel" else mode,
        kube_proxy_replaced={"true": True, "false": False}.get(str(replaced.get("mode") or "").lower()),
        masquerade=str(masquerading.get("mode") or "").lower() if masquerading.get("enabled") else "off",
        encryption={"disabled": "none"}.get(told := str(encryption.get("mode") or "").lower(), told),
        peers=sum(int(one.get("peer-count") or 0) for one in interfaces) if interfaces else None,
        devices=tuple(map(str, replaced.get("devices") or ())),
        clusters=remote_clusters((data.get("cluster-mesh") or {}).get("clusters") or ()),
    )


def remote_clusters(items: Iterable[Data]) -> tuple[RemoteCluster, ...]:
    """From the agent's status, or from ``kvstoremesh-dbg status --output json``, which has the same form.

    Raises:
        TypeError, AttributeError: it is not of that form.
    """
    said = ((str(one.get("name") or ""), bool(one.get("ready")), str(one.get("status") or "")) for one in items)
    return tuple(RemoteCluster(name, ready, " ".join(status.split())) for name, ready, status in said)


def _state(data: Data) -> State:
    return State(str(data.get("state") or ""), " ".join(str(data.get("msg") or "").split()))


def _controllers(items: Iterable[Data]) -> Iterator[Controller]:
    for one in items:
        status = one.get("status") or {}
        if failures := int(status.get("consecutive-failure-count") or 0):
            yield Controller(str(one.get("name") or ""), failures, str(status.get("last-failure-msg") or ""))


def health_paths(data: Data) -> tuple[HealthPath, ...]:
    """From ``cilium-health status --output json``: both paths to every node, the own one among them.

    Raises:
        TypeError, AttributeError: it is not of that form.
    """
    cluster = str((data.get("local") or {}).get("name") or "").rpartition("/")[0]
    return tuple(path for one in data.get("nodes") or () for path in _paths(one, cluster))


def _paths(one: Data, cluster: str) -> Iterator[HealthPath]:
    full = str(one.get("name") or "")
    name = full.removeprefix(f"{cluster}/") if cluster else full
    endpoint = (one.get("health-endpoint") or {}).get("primary-address") or one.get("endpoint")
    for kind, path in (("node", (one.get("host") or {}).get("primary-address")), ("endpoint", endpoint)):
        if path and path.get("ip"):
            icmp, http = path.get("icmp"), path.get("http")
            probed = str((http or icmp or {}).get("lastProbed") or "")
            yield HealthPath(name, kind, str(path["ip"]), _error(icmp), _error(http), probed)


def _error(one: Data | None) -> str | None:
    return None if one is None or not (one.get("lastProbed") or one.get("status")) else str(one.get("status") or "")


def drops(data: Iterable[Data]) -> Drops:
    """From ``cilium-dbg bpf metrics list --output json``: dropped packets by reason and direction.

    Raises:
        TypeError, AttributeError, KeyError: it is not of that form.
    """
    found: dict[tuple[str, str], int] = {}
    for one in data:
        if not _GONE_ON.match(str(one["reason"])):
            key = str(one["reason"]), str(one["direction"])
            found[key] = found.get(key, 0) + int(one["packets"])
    return found
