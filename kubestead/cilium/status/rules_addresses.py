"""Addresses: nodes without a part of the pod network, and parts that are used up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_network

from kubestead.cilium.status.rules_cluster import OPERATOR
from kubestead.cilium.status.trouble import KUBECTL, Kind, Trouble, listed
from kubestead.cilium.status.view import View

# Of a node's addresses, from where on one should know.
NEARLY = 0.9
# As the operator says it: pkg/ipam/allocator/podcidr/podcidr.go, pkg/ipam/cidrset/cidr_set.go.
FULL = ("allocator full", "no remaining CIDRs")
NO_NETWORK = "its agent waits, its pods get no network, and the node does not become Ready"


def addresses(view: View) -> Iterator[Trouble]:
    """Everything that is wrong with addresses."""
    for node in [*view.expected, *(one for one in sorted(view.without_network) if one not in view.expected)]:
        if node in view.without_network:
            yield _without(view, node)
        elif node in view.cilium_nodes and view.cilium_nodes[node].error:
            error = view.cilium_nodes[node].error
            then = f"{KUBECTL} get ciliumnode {node} -o yaml"
            means = "it keeps the part it has; what it asked for was not given"
            yield Trouble(Kind.NO_POD_NETWORK, node, f"the operator says of its addresses: {error}", means, then)
        yield from _used(view, node)
    yield from _held(view)


def _without(view: View, node: str) -> Trouble:
    error = view.cilium_nodes[node].error
    if any(word in error for word in FULL):
        pool, size = (
            view.setting("cluster-pool-ipv4-cidr").split(),
            int(view.setting("cluster-pool-ipv4-mask-size") or 24),
        )
        given = _parts([cidr for one in view.cilium_nodes.values() for cidr in one.pod_cidrs], size)
        have = f"the pool {', '.join(pool)} has {_parts(pool, size)} parts of /{size}, and {given} are given"
        seen: tuple[str, ...] = (f"CiliumNode {node}: {error}", have)
        held = [one.name for one in view.cilium_nodes.values() if one.pod_cidrs and one.name not in view.nodes]
        seen += (f"held by nodes that are gone: {listed(held)}",) if held else ()
        what = "it got no part of the pod network: the pool is used up"
        then = (
            "append a network to cilium_more_pod_cidrs in group_data/all.py; then: pyinfra INVENTORY deploys/cluster.py"
        )
        return Trouble(Kind.POOL_EXHAUSTED, node, what, NO_NETWORK, then, seen)
    what = "it has no part of the pod network"
    if error:
        then = f"{KUBECTL} get ciliumnode {node} -o yaml"
        return Trouble(Kind.NO_POD_NETWORK, node, what, NO_NETWORK, then, (f"CiliumNode {node}: {error}",))
    if view.ipam == "kubernetes":
        then = "on the control plane: grep -n cidr /etc/kubernetes/manifests/kube-controller-manager.yaml"
        seen = (f"Node {node} has no spec.podCIDR, which kube-controller-manager gives",)
        return Trouble(Kind.NO_POD_NETWORK, node, what, NO_NETWORK, then, seen)
    then = f"{KUBECTL} logs --selector io.cilium/app=operator --tail=50 --prefix"
    seen = (f"CiliumNode {node}: no part and no error; {OPERATOR} gives it",)
    return Trouble(Kind.NO_POD_NETWORK, node, what, NO_NETWORK, then, seen)


def _used(view: View, node: str) -> Iterator[Trouble]:
    host = view.hosts.get(node)
    status = host.status if host else None
    if not status or status.used is None or not status.capacity or status.used < NEARLY * status.capacity:
        return
    full = status.used >= status.capacity
    what = f"{status.used} of the {status.capacity} addresses of its part of the pod network are used"
    means = "new pods on it stay in ContainerCreating" if full else "soon new pods on it get no address"
    everywhere = KUBECTL.replace("--namespace kube-system", "--all-namespaces")
    then = f"{everywhere} get pods --field-selector spec.nodeName={node}"
    yield Trouble(Kind.ADDRESSES_USED_UP, node, what, means, then, (), "error" if full else "warning")


def _held(view: View) -> Iterator[Trouble]:
    """CiliumNodes whose Nodes are gone keep their parts."""
    if not view.cluster.answers:
        return
    for name, one in view.cilium_nodes.items():
        if name not in view.nodes and one.pod_cidrs:
            size = sum(ip_network(cidr, strict=False).num_addresses for cidr in one.pod_cidrs)
            what = f"its CiliumNode is left over and holds {listed(one.pod_cidrs)}"
            means = f"{size} addresses nobody uses; the node itself is gone"
            then = f"{KUBECTL} delete ciliumnode {name}"
            yield Trouble(Kind.ADDRESSES_HELD, name, what, means, then, (), "warning")


def _parts(cidrs: Sequence[str], size: int) -> int:
    """How many networks of this prefix length they make; a smaller one counts as one."""
    return sum(2 ** max(0, size - ip_network(cidr, strict=False).prefixlen) for cidr in cidrs)
