"""The modes that are measured, and whether the agents really are in one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kubestead.cilium.status.agent import agent_status

_SERVICES = {"kube_proxy": "replace"}
_NATIVE = {"cilium_routing": "native"}
_BPF = {**_NATIVE, **_SERVICES, "cilium_masquerade": "bpf"}


@dataclass(frozen=True)
class Mode:
    """A choice of ``group_data/all.py``.

    Args:
        name: on the command line.
        title: in tables.
        overrides: the keys that differ from the default.
        policy: whether a policy selects the pods, in both directions.
    """

    name: str
    title: str
    overrides: Mapping[str, Any] = field(default_factory=dict)
    policy: bool = False

    def wanted(self) -> dict[str, str]:
        """What an agent has to say in it."""
        chosen = {"cilium_routing": "vxlan", "kube_proxy": "keep", "cilium_masquerade": "iptables", "hubble": True,
                  "cilium_lb_mode": "snat", **self.overrides}  # fmt: skip
        replaced = chosen["kube_proxy"] == "replace"
        return {
            "routing": chosen["cilium_routing"],
            "services": "Cilium" if replaced else "kube-proxy",
            "masquerade": chosen["cilium_masquerade"],
            "answers": chosen["cilium_lb_mode"] if replaced else "",
            "Hubble": "on" if chosen["hubble"] else "off",
        }


# The first is the default, and what the others are compared with.
MODES = (
    Mode("vxlan", "VXLAN, kube-proxy"),
    Mode("vxlan-services", "VXLAN, Cilium's services", _SERVICES),
    Mode("native", "native, kube-proxy", _NATIVE),
    Mode("native-services", "native, Cilium's services", {**_NATIVE, **_SERVICES}),
    Mode("native-bpf", "native, Cilium's services, BPF masquerade", _BPF),
    Mode("dsr", "the same with direct answers (dsr)", {**_BPF, "cilium_lb_mode": "dsr"}),
    Mode("policy", "VXLAN, kube-proxy, a policy", policy=True),
    Mode("no-hubble", "VXLAN, kube-proxy, no Hubble", {"hubble": False, "hubble_relay": False}),
)
NAMES = tuple(mode.name for mode in MODES)


def chosen(names: Sequence[str]) -> tuple[Mode, ...]:
    """The modes of these names, in the order of :data:`MODES`; all without names.

    Raises:
        ValueError: one is unknown; says which there are.
    """
    if unknown := [name for name in names if name not in NAMES]:
        raise ValueError(f"there is no mode {', '.join(unknown)}; there are: {', '.join(NAMES)}")
    return tuple(mode for mode in MODES if mode.name in names or not names)


def said(status: Mapping[str, Any]) -> dict[str, str]:
    """What an agent says of its mode, from ``cilium-dbg status --output json``.

    ``host routing`` is ``bpf`` where packets pass by the host's own network stack (Cilium's tuning guide), else
    ``legacy``; it follows from the rest and from the kernel.
    """
    agent = agent_status(status)
    node_port = ((status.get("kube-proxy-replacement") or {}).get("features") or {}).get("nodePort") or {}
    hubble = agent.parts.get("Hubble")
    return {
        "routing": agent.routing,
        "services": "Cilium" if agent.kube_proxy_replaced else "kube-proxy",
        "masquerade": agent.masquerade,
        "answers": str(node_port.get("mode") or "").lower() if agent.kube_proxy_replaced else "",
        "Hubble": "on" if hubble and hubble.state == "Ok" else "off",
        "host routing": str((status.get("routing") or {}).get("intra-host-routing-mode") or "").lower(),
    }


def enforced(endpoints: Iterable[Mapping[str, Any]], namespace: str) -> set[str]:
    """In which directions policies are enforced for a namespace's pods: ``none``, ``ingress``, ``egress``, ``both``.

    From ``cilium-dbg endpoint list --output json`` (api/v1/models/endpoint_policy.go in 1.18.4).
    """
    states = [one.get("status") or {} for one in endpoints]
    ours = [one for one in states if (one.get("external-identifiers") or {}).get("k8s-namespace") == namespace]
    policies = [((one.get("policy") or {}).get("realized") or {}).get("policy-enabled") for one in ours]
    return {str(one or "unknown") for one in policies}


def findings(mode: Mode, told: Mapping[str, Mapping[str, str]], nodes: Sequence[str]) -> list[str]:
    """Where an agent is not in this mode; ``told`` is what each node's agent said."""
    missing = [f"{node}: no agent answered" for node in nodes if node not in told]
    return missing + [
        f"{node}: {key} is {words.get(key)!r}, not {value!r}"
        for node, words in told.items()
        for key, value in mode.wanted().items()
        if words.get(key) != value
    ]
