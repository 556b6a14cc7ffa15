"""What the spec asks of Cilium, in the words an agent's status has for it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from kubestead.spec import ClusterSpec


@dataclass(frozen=True)
class Wanted:
    """The modes of :class:`kubestead.cilium.status.agent.AgentStatus`; whether flows are kept, where the API is.

    ``clusters`` are the others of the mesh.
    """

    version: str
    routing: str
    kube_proxy_replaced: bool
    masquerade: str
    encryption: str
    hubble: bool
    relay: bool
    endpoint: str = ""
    clusters: tuple[str, ...] = ()


def wanted(spec: ClusterSpec) -> Wanted:
    """From the spec's keys; ``cilium_extra_values`` may say none of it."""
    return Wanted(
        version=spec.cilium_version,
        routing="native" if spec.cilium_routing == "native" else spec.tunnel_protocol or "vxlan",
        kube_proxy_replaced=spec.cilium_replaces_kube_proxy,
        masquerade=spec.cilium_masquerade,
        encryption=spec.cilium_encryption,
        hubble=spec.hubble,
        relay=spec.hubble and spec.hubble_relay,
        endpoint=spec.control_plane_endpoint,
        clusters=tuple(one.name for one in spec.cilium_mesh),
    )
