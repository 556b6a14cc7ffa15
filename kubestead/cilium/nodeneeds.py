"""What a node has to be let through for it to stay in the cluster and in reach. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from kubestead.cilium.labels import NAMESPACE, Label

SSH, API, KUBELET, HEALTH, ETCD = 22, 6443, 10250, 4240, (2379, 2380)
# UDP ports by the tunnel's protocol.
TUNNELS = {"vxlan": 8472, "geneve": 6081}
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
Direction = Literal["ingress", "egress"]
_NODE = frozenset({"all", "cluster", "remote-node"})
_NODE_LABELS = (Label("reserved", "remote-node"),)
_API_LABELS = (*_NODE_LABELS, Label("reserved", "kube-apiserver"))
# The cluster's DNS, the first of all pods that ask the API.
_DNS = (Label("k8s", NAMESPACE, "kube-system"), Label("k8s", "k8s-app", "kube-dns"))


@dataclass(frozen=True)
class NodeView:
    """A node as policies see it: its name, its labels, its addresses."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    addresses: frozenset[str] = frozenset()

    @property
    def is_control_plane(self) -> bool:
        """Whether kubeadm made it one."""
        return CONTROL_PLANE in self.labels


@dataclass(frozen=True)
class Need:
    """A connection a node has to take (``ingress``) or to open (``egress``).

    Args:
        what: it, in words.
        port, protocol: the server's, ``TCP`` or ``UDP``.
        entities: the words of Cilium that mean the other end.
        labels: the other end's own.
        by_address: rules on networks are about it; to Cilium nodes and pods are none, whatever their addresses.
        address: the other end's; None where it is not known.
        write: the entity that lets it through.
    """

    what: str
    port: int
    protocol: Literal["TCP", "UDP"] = "TCP"
    direction: Direction = "ingress"
    entities: frozenset[str] = _NODE
    labels: tuple[Label, ...] = _NODE_LABELS
    by_address: bool = False
    address: str | None = None
    write: str = "remote-node"


@dataclass(frozen=True)
class Settings:
    """What of the cluster decides what nodes need.

    Args:
        enabled: the host firewall is on.
        tunnel: the tunnel's UDP port; 0: there is none.
        health: agents probe each other.
        cidr_nodes: rules on networks are about nodes, too (Cilium's policyCIDRMatchMode).
        api: the API's port.
    """

    enabled: bool = False
    tunnel: int = 0
    health: bool = True
    cidr_nodes: bool = False
    api: int = API

    @classmethod
    def of(cls, config: Mapping[str, str]) -> Settings:
        """By the ConfigMap cilium-config."""
        tunnelled = config.get("routing-mode") == "tunnel"
        port = config.get("tunnel-port") or "0"
        default = TUNNELS.get(config.get("tunnel-protocol", ""), TUNNELS["vxlan"])
        return cls(
            enabled=config.get("enable-host-firewall") == "true",
            tunnel=(int(port) if port.isdigit() and port != "0" else default) if tunnelled else 0,
            health=config.get("enable-health-checking", "true") == "true",
            cidr_nodes="nodes" in config.get("policy-cidr-match-mode", "").split(),
        )


def needs(
    node: NodeView, nodes: Sequence[NodeView], settings: Settings, caller: str | None = None, ssh_port: int = SSH
) -> list[Need]:
    """What ``node``, one of ``nodes``, has to be let through.

    Args:
        node: the node; labels say whether it is a control plane.
        nodes: all of them.
        settings: of the cluster.
        caller: the address this machine comes by over SSH; None where that is not known.
        ssh_port: the port of its SSH server.
    """
    others = [one for one in nodes if one.name != node.name]
    return [_ssh(node, others, caller, ssh_port), *_of_nodes(node, others, settings)]


def _ssh(node: NodeView, others: Sequence[NodeView], caller: str | None, port: int) -> Need:
    if caller and any(caller in one.addresses for one in others):
        return Need(f"SSH from {caller}, the node this run comes by", port)
    source = f"SSH from {caller}, which this run comes from" if caller else "SSH from outside the cluster"
    world = frozenset({"all", "world", "world-ipv6" if ":" in (caller or "") else "world-ipv4"})
    labels = (Label("reserved", "world"),)
    return Need(source, port, entities=world, labels=labels, by_address=True, address=caller, write="world")


def _of_nodes(node: NodeView, others: Sequence[NodeView], settings: Settings) -> Iterator[Need]:
    planes = [one for one in others if one.is_control_plane]
    if node.is_control_plane:
        yield Need("the cluster's DNS, which asks the API", settings.api, entities=frozenset({"all", "cluster"}),
                   labels=_DNS, write="cluster")  # fmt: skip
    if not others:
        return
    by = settings.cidr_nodes
    if node.is_control_plane:
        yield Need("the other nodes, which ask the API", settings.api, by_address=by)
    if planes:
        api = _NODE | {"kube-apiserver"}
        yield Need("control planes, which ask the kubelet", KUBELET, entities=api, labels=_API_LABELS, by_address=by)
        yield Need("the API, which the kubelet asks", settings.api, direction="egress", entities=api,
                   labels=_API_LABELS, by_address=by)  # fmt: skip
    if node.is_control_plane:
        yield Need("kubelets, which the API asks", KUBELET, direction="egress", by_address=by)
    ways: tuple[Direction, ...] = ("ingress", "egress")
    for way in ways:
        if settings.tunnel:
            yield Need("the tunnel to other nodes' pods", settings.tunnel, "UDP", way, by_address=by)
        if settings.health:
            yield Need("the probes of Cilium's agents", HEALTH, direction=way, by_address=by)
        if node.is_control_plane and planes:
            for port in ETCD:
                yield Need("etcd's members", port, direction=way, by_address=by)
