"""Which hosts a twin has, and what everything of theirs is called. Pure: nothing here touches the machine."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kubestead.errors import Finding, InvalidInput

Group = Literal["control_plane", "workers"]

NETWORK = ipaddress.ip_network("192.168.1.0/24")
GATEWAY = "192.168.1.1"
DEFAULT_NAME = "default"

SIMULATED = "light: kubeadm, kubelet, kubectl and Helm are SIMULATED; hosts, packages and containerd are real"

# The lab's addresses; further hosts get the ones that follow.
_FIRST_CONTROL_PLANE = 187
_FIRST_WORKER = 61
MAX_CONTROL_PLANES = 254 - _FIRST_CONTROL_PLANE + 1
MAX_WORKERS = _FIRST_CONTROL_PLANE - _FIRST_WORKER

# Namespace, cgroup and machine names are made from it; a machine name may have 64 characters.
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?")


@dataclass(frozen=True)
class Node:
    """One host of one twin.

    Args:
        twin: the twin's name.
        name: the host's name (``k8s-worker1``), its interface's name on the bridge too.
        address: its IPv4 address on :data:`NETWORK`.
        group: ``control_plane`` or ``workers``.
    """

    twin: str
    name: str
    address: str
    group: Group

    @property
    def netns(self) -> str:
        """The host's network namespace (a dot cannot be in a twin's name, so two twins never meet)."""
        return f"{bridge_netns(self.twin)}.{self.name}"

    @property
    def machine(self) -> str:
        """What systemd-nspawn calls it; unique on the machine."""
        return f"kubestead-{self.twin}-{self.name}"

    @property
    def mac(self) -> str:
        """A locally administered MAC address that stays the same for a twin's host."""
        digest = hashlib.sha256(self.machine.encode()).digest()
        return ":".join(f"{byte:02x}" for byte in (0x02, *digest[:5]))


@dataclass(frozen=True)
class Plan:
    """A twin's name and the number of its hosts; ``light`` simulates kubeadm (:mod:`kubestead.twin.light`)."""

    name: str = DEFAULT_NAME
    control_planes: int = 1
    workers: int = 2
    light: bool = False

    def __post_init__(self) -> None:
        findings = name_findings(self.name)
        if not 1 <= self.control_planes <= MAX_CONTROL_PLANES:
            findings.append(
                Finding("--control-planes", "out of range", f"use 1 to {MAX_CONTROL_PLANES}", self.control_planes)
            )
        if not 0 <= self.workers <= MAX_WORKERS:
            findings.append(Finding("--workers", "out of range", f"use 0 to {MAX_WORKERS}", self.workers))
        if findings:
            raise InvalidInput(findings)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Control planes first: k8s-cp .187, k8s-cp2 .188 ...; then k8s-worker1 .61, k8s-worker2 .62 ..."""
        base = NETWORK.network_address
        control_planes = (
            Node(self.name, "k8s-cp" + (str(i + 1) if i else ""), str(base + _FIRST_CONTROL_PLANE + i), "control_plane")
            for i in range(self.control_planes)
        )
        workers = (
            Node(self.name, f"k8s-worker{i + 1}", str(base + _FIRST_WORKER + i), "workers") for i in range(self.workers)
        )
        return (*control_planes, *workers)

    def node(self, name: str) -> Node:
        """The host of this name.

        Raises:
            InvalidInput: the twin has none of that name; lists those it has.
        """
        for node in self.nodes:
            if node.name == name:
                return node
        names = ", ".join(node.name for node in self.nodes)
        raise InvalidInput([Finding(f"twin {self.name}", "has no such host", f"use one of {names}", name)])

    def as_data(self) -> dict[str, Any]:
        """The plan as plain values for a file; :meth:`from_data` reads it back."""
        counts = {"control_planes": self.control_planes, "workers": self.workers}
        return {"name": self.name, **counts, **({"light": True} if self.light else {})}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Plan:
        """The plan :meth:`as_data` wrote."""
        return cls(str(data["name"]), int(data["control_planes"]), int(data["workers"]), data.get("light") is True)


def name_findings(twin: str) -> list[Finding]:
    """What is wrong with a twin's name: files, namespaces and cgroups are called by it."""
    if _NAME.fullmatch(twin):
        return []
    fix = "use up to 24 of a-z, 0-9 and '-', with a letter or digit at both ends"
    return [Finding("--name", "is not a name for a twin", fix, twin)]


def bridge_netns(twin: str) -> str:
    """The namespace with the twin's bridge; the operator's commands run in it."""
    return f"kubestead-{twin}"


def cgroup(twin: str) -> str:
    """The name of the twin's cgroup in every hierarchy; its hosts' are below it."""
    return f"kubestead-{twin}"
