"""What the spec asks of Cilium, in the words an agent's status has for it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubestead.spec import ClusterSpec


@dataclass(frozen=True)
class Wanted:
    """The modes of :class:`kubestead.cilium.status.agent.AgentStatus`; whether flows are kept, where the API is."""

    version: str
    routing: str
    kube_proxy_replaced: bool
    masquerade: str
    encryption: str
    hubble: bool
    relay: bool
    endpoint: str = ""


def wanted(spec: ClusterSpec) -> Wanted:
    """From the spec, with ``cilium_extra_values`` merged over it as in the chart's values."""
    more = spec.cilium_extra_values
    tunnel = _at(more, "tunnelProtocol", spec.tunnel_protocol or "vxlan")
    native = _at(more, "routingMode", "native" if spec.cilium_routing == "native" else "tunnel") == "native"
    encrypted = _at(more, "encryption.enabled", spec.cilium_encryption != "none")
    bpf = _at(more, "bpf.masquerade", spec.cilium_masquerade == "bpf")
    hubble = bool(_at(more, "hubble.enabled", spec.hubble))
    return Wanted(
        version=spec.cilium_version,
        routing="native" if native else str(tunnel),
        kube_proxy_replaced=str(_at(more, "kubeProxyReplacement", spec.cilium_replaces_kube_proxy)).lower() == "true",
        masquerade=("bpf" if bpf else "iptables")
        if _at(more, "enableIPv4Masquerade", spec.cilium_masquerade != "off")
        else "off",
        encryption=str(_at(more, "encryption.type", spec.cilium_encryption)) if encrypted else "none",
        hubble=hubble,
        relay=hubble and bool(_at(more, "hubble.relay.enabled", spec.hubble_relay)),
        endpoint=spec.control_plane_endpoint,
    )


def _at(values: Mapping[str, Any], path: str, default: object) -> Any:
    """The value at a dotted path, else the default."""
    found: Any = values
    for key in path.split("."):
        if not isinstance(found, Mapping) or key not in found:
            return default
        found = found[key]
    return found
