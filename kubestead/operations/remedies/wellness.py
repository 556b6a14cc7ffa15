"""Whether a node is well in everything a remedy can touch: asked before one that would disturb the whole node."""

from __future__ import annotations

from dataclasses import dataclass, field

from pyinfra.api.host import Host

from kubestead.facts.cilium import Agent, CiliumAgents, MissingNetworkFiles
from kubestead.facts.node import ApiNode, NodeView
from kubestead.facts.service import Service, Services
from kubestead.operations.remedies.watch import CONTAINERD, KUBELET


@dataclass(frozen=True)
class Wellness:
    """A node in its own words and the API's."""

    view: NodeView
    services: dict[str, Service] = field(default_factory=dict)
    agents: tuple[Agent, ...] | None = None
    missing: tuple[str, ...] = ()

    @property
    def well(self) -> bool:
        """Ready by a fresh lease, both services run, the Cilium agent is ready and its files are there."""
        services = [self.services.get(unit, Service()) for unit in (CONTAINERD, KUBELET)]
        agent = any(agent.ready for agent in self.agents or ())
        return self.view.well and all(service.runs for service in services) and agent and not self.missing

    def __str__(self) -> str:
        words = [str(self.view)]
        words += [f"{unit.removesuffix('.service')} {service}" for unit, service in self.services.items()]
        words += [str(agent) for agent in self.agents or ()]
        words += [f"missing: {', '.join(self.missing)}"] if self.missing else []
        return "; ".join(words)


def wellness(host: Host, control_plane: Host) -> Wellness:
    """How the node ``host`` is, now."""
    missing = host.get_fact(MissingNetworkFiles)
    return Wellness(
        view=control_plane.get_fact(ApiNode, node=host.name),
        services=host.get_fact(Services, units=(CONTAINERD, KUBELET)),
        agents=control_plane.get_fact(CiliumAgents, node=host.name),
        missing=tuple(missing),
    )
