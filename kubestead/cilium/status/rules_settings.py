"""What should be the same everywhere, and as the spec has it: settings, modes, versions, MTU, encryption."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kubestead.cilium.status.agent import AgentStatus
from kubestead.cilium.status.trouble import GENTLE, KUBECTL, Kind, Trouble, listed
from kubestead.cilium.status.view import View

# The operator reads these; agents go on as well with what they once were.
OPERATORS = (
    *("cluster-pool-", "operator-", "auto-create-cilium-pod-ip-pools", "nodes-gc-", "cilium-endpoint-gc-"),
    *("identity-gc-", "unmanaged-pod-watcher-", "identity-heartbeat-", "remove-cilium-node-taints"),
)
# What an agent's settings were put together from, which stands with them.
SOURCES = ("config-sources",)
# What interrupts traffic, and an upgrade.
SWITCH = "pyinfra INVENTORY deploys/cilium.py"


def settings(view: View) -> Iterator[Trouble]:
    """Everything that is not as it should be, though it may work."""
    statuses = {node: host.status for node, host in view.hosts.items() if host.status and not view.down(node)}
    yield from _drift(view)
    yield from _versions(view, statuses)
    yield from _modes(view, statuses)
    yield from _encryption(view, statuses)
    yield from _links(view, statuses)


def _drift(view: View) -> Iterator[Trouble]:
    """An agent reads its settings as it starts, and not again."""
    now = view.cluster.config
    for node, host in view.hosts.items():
        if now is None or host.settings is None:
            continue
        keys = {key for key in {*now, *host.settings} if now.get(key, "").strip() != host.settings.get(key, "").strip()}
        keys = {key for key in keys if key not in view.cluster.node_config and not key.startswith(OPERATORS + SOURCES)}
        if keys:
            seen = tuple(
                f"{key}: runs with {host.settings.get(key) or 'nothing'}, ConfigMap: {now.get(key) or 'nothing'}"
                for key in sorted(keys)
            )
            what = f"its agent started before {len(keys)} of its settings were changed"
            means = "the change is not in force there until the agent starts again"
            pod = view.agents.get(node)
            then = f"{KUBECTL} delete pod {pod.name}" if pod else f"{KUBECTL} rollout restart daemonset/cilium"
            yield Trouble(Kind.OTHER_SETTINGS, node, what, means, then, seen[:4], GENTLE)


def _versions(view: View, statuses: Mapping[str, AgentStatus]) -> Iterator[Trouble]:
    found: dict[str, list[str]] = {}
    for node, status in statuses.items():
        if status.version:
            found.setdefault(status.version, []).append(node)
    wanted = view.wanted.version if view.wanted else None
    if len(found) > 1:
        seen = tuple(f"{version}: {listed(nodes)}" for version, nodes in found.items())
        means = "nobody tests versions against each other for long; an upgrade is under way, or stopped halfway"
        then = f"{KUBECTL} rollout status daemonset/cilium --timeout=5m"
        where = listed([node for version, nodes in found.items() if version != wanted for node in nodes])
        yield Trouble(Kind.OTHER_VERSIONS, where, "agents of several versions run", means, then, seen, GENTLE)
    elif wanted and found and wanted not in found:
        what = f"agents run {next(iter(found))}, and the spec says {wanted}"
        means = "deploys/cilium.py brings the other one, node by node"
        yield Trouble(Kind.OTHER_VERSIONS, "all nodes", what, means, SWITCH, (), GENTLE)


def _modes(view: View, statuses: Mapping[str, AgentStatus]) -> Iterator[Trouble]:
    if not view.wanted:
        return
    kept: Mapping[bool | None, str] = {True: "replaced", False: "kept", None: ""}
    for word, read, want in (
        ("routing", lambda one: one.routing, view.wanted.routing),
        ("masquerading", lambda one: one.masquerade, view.wanted.masquerade),
        ("kube-proxy", lambda one: kept[one.kube_proxy_replaced], kept[view.wanted.kube_proxy_replaced]),
    ):
        other = {node: read(status) for node, status in statuses.items() if read(status) not in ("", want)}
        if other:
            where = "all nodes" if len(other) == len(statuses) else listed(list(other))
            what = f"{word} is {' and '.join(sorted(set(other.values())))}, and the spec says {want}"
            means = (
                "nodes that differ from each other may not reach each other's pods"
                if where != "all nodes"
                else ("the cluster is not what group_data/all.py says")
            )
            yield Trouble(Kind.OTHER_MODE, where, what, means, SWITCH, (), GENTLE)


def _encryption(view: View, statuses: Mapping[str, AgentStatus]) -> Iterator[Trouble]:
    want = view.wanted.encryption if view.wanted else "none"
    peers = len(view.expected) - 1
    for node, status in statuses.items():
        then = f"{view.exec(node)} cilium-dbg encrypt status"
        if want != "none" and status.encryption not in ("", want):
            what = f"its packets are not encrypted as the spec says ({want}): {status.encryption}"
            yield Trouble(Kind.NOT_ENCRYPTED, node, what, "pods' packets cross the network in the clear", SWITCH)
        elif status.encryption == "wireguard" and status.peers is not None and status.peers < peers:
            what = f"its WireGuard knows {status.peers} of {peers} other nodes"
            means = "packets to the others are dropped, or go in the clear"
            yield Trouble(Kind.NOT_ENCRYPTED, node, what, means, then)


def _links(view: View, statuses: Mapping[str, AgentStatus]) -> Iterator[Trouble]:
    """The smallest MTU of the links that lead to other nodes."""
    sizes = {
        node: min(found)
        for node, status in statuses.items()
        if (found := [view.hosts[node].links[one] for one in status.devices if one in view.hosts[node].links])
    }
    usual = max(sizes.values(), key=list(sizes.values()).count, default=0)
    for node, size in sizes.items():
        if size != usual:
            links = ", ".join(one for one in statuses[node].devices if view.hosts[node].links.get(one) == size)
            what = f"its link {links} has an MTU of {size}, the others' have {usual}"
            means = "packets of full size are lost between it and them: connections open, then hang"
            then = f"on {node}: ip -details link show {links.split(', ')[0]}"
            yield Trouble(Kind.LINK_MTU, node, what, means, then, (), GENTLE)
