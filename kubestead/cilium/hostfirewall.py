"""The host firewall beside a folder's policies: are they enforced, and whom would they shut out? Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kubestead.cilium.nodeneeds import CONTROL_PLANE, SSH, TUNNELS, Need, NodeView, Settings, needs
from kubestead.cilium.nodepolicy import NodeRule, ShutOut, node_rules, shut_out
from kubestead.cilium.policy import Object, Policy
from kubestead.errors import Finding
from kubestead.manifests import Identity


@dataclass(frozen=True)
class Firewall:
    """What of the cluster policies on nodes are compared with.

    Args:
        settings: what decides what nodes need.
        nodes: the cluster's.
        policies: its policies of the whole cluster that select nodes.
    """

    settings: Settings = field(default_factory=Settings)
    nodes: tuple[NodeView, ...] = ()
    policies: tuple[Object, ...] = ()

    @classmethod
    def of(cls, settings: Settings, nodes: Iterable[Object], policies: Iterable[Object]) -> Firewall:
        """From the API's objects."""
        views = (
            NodeView(
                node["metadata"]["name"],
                node["metadata"].get("labels") or {},
                frozenset(one["address"] for one in (node.get("status") or {}).get("addresses") or ()),
            )
            for node in nodes
        )
        return cls(settings, tuple(views), tuple(one for one in policies if node_rules([("", one)])))


def unenforced(policies: Sequence[Policy], firewall: Firewall) -> Iterator[Finding]:
    """Policies that select nodes while the host firewall is off: the agents pass over them without a word."""
    if firewall.settings.enabled:
        return
    for rule in _written(policies):
        reason = "selects nodes, and Cilium's host firewall is off, so it would not be enforced"
        fix = (
            "write cilium_host_firewall = True in group_data/all.py and run deploys/cilium.py; or keep it in a folder "
            "of its own until then"
        )
        yield Finding(rule.where, reason, fix)


def shutting_out(
    policies: Sequence[Policy],
    firewall: Firewall,
    is_replaced: Callable[[Object], bool],
    caller: str | None = None,
    ssh_ports: Mapping[str, int] | None = None,
) -> Iterator[Finding]:
    """What nodes need and would be refused, once the folder's policies are in force beside the others; what is refused
    as it is goes on without a word.

    Args:
        policies: the folder's.
        firewall: the cluster.
        is_replaced: whether an object of the cluster is the folder's own older one.
        caller: the address this machine comes by over SSH; None where that is not known.
        ssh_ports: of SSH servers, by node, where it is not 22.
    """
    rules = [*_written(policies), *_present(one for one in firewall.policies if not is_replaced(one))]
    wanted = _wanted(firewall, caller, ssh_ports or {})
    before = {(one.need, node) for one in shut_out(_present(firewall.policies), wanted) for node in one.nodes}
    for one in shut_out(rules, wanted):
        if new := tuple(node for node in one.nodes if (one.need, node) not in before):
            yield _finding(replace(one, nodes=new))


def closing(firewall: Firewall, caller: str | None, ssh_ports: Mapping[str, int]) -> Iterator[Finding]:
    """What the cluster's own policies refuse of what nodes need; the arguments are those of :func:`shutting_out`."""
    yield from map(_finding, shut_out(_present(firewall.policies), _wanted(firewall, caller, ssh_ports)))


def without_a_cluster(policies: Sequence[Policy]) -> Iterator[Finding]:
    """The same by the folder alone, as warnings: nodes that have just the labels each policy asks for."""
    rules = _written(policies)
    other, settings = NodeView("another control plane", {CONTROL_PLANE: ""}), Settings(True, tunnel=TUNNELS["vxlan"])
    wanted = [(node, needs(node, [node, other], settings)) for node in _imagined(rules)]
    for one in shut_out(rules, wanted):
        found = _finding(ShutOut(one.need, (), one.where))
        yield Finding(found.where, found.reason, found.fix, severity="warning")


def _wanted(firewall: Firewall, caller: str | None, ssh_ports: Mapping[str, int]) -> list[tuple[NodeView, list[Need]]]:
    return [
        (node, needs(node, firewall.nodes, firewall.settings, caller, ssh_ports.get(node.name, SSH)))
        for node in firewall.nodes
    ]


def _present(policies: Iterable[Object]) -> list[NodeRule]:
    return node_rules((str(Identity.of(one)), one) for one in policies)


def _written(policies: Sequence[Policy]) -> list[NodeRule]:
    return node_rules((policy.place("spec", "nodeSelector"), policy.content) for policy in policies)


def _imagined(rules: Iterable[NodeRule]) -> list[NodeView]:
    found = []
    for rule in rules:
        selector = rule.content["nodeSelector"] or {}
        labels = dict(selector.get("matchLabels") or {})
        for one in selector.get("matchExpressions") or ():
            if one.get("operator") in ("In", "Exists"):
                labels[one["key"]] = (one.get("values") or [""])[0]
        for more in ({}, {CONTROL_PLANE: ""}):
            node = NodeView("", {**labels, **more})
            if rule.selects(node) and node not in found:
                found.append(node)
    return found


def _finding(one: ShutOut) -> Finding:
    need, whom = one.need, f" of {', '.join(one.nodes)}" if one.nodes else ""
    reason = f"would shut out {need.what}: nothing lets through {need.port}/{need.protocol}{whom}"
    peers = "fromEntities" if need.direction == "ingress" else "toEntities"
    entry = f"{{{peers}: [{need.write}], toPorts: [{{ports: [{{port: '{need.port}', protocol: {need.protocol}}}]}}]}}"
    return Finding(one.where, reason, f"where a policy denies it, narrow that; add to {need.direction}: {entry}")
