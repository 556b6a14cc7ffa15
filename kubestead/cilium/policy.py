"""A policy as a file has it: its content, where each part of it stands, what it is called in the cluster. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from kubestead.manifests import Identity
from kubestead.yamlfile import line_of

CILIUM = "cilium.io/v2"
CNP, CCNP, CIDR_GROUP = "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "CiliumCIDRGroup"
NETWORK_POLICY = "NetworkPolicy"
VERSIONS = {CNP: CILIUM, CCNP: CILIUM, CIDR_GROUP: CILIUM, NETWORK_POLICY: "networking.k8s.io/v1"}
# What kubectl calls them, and in which order they need each other.
RESOURCES = {
    CIDR_GROUP: "ciliumcidrgroups.cilium.io",
    CNP: "ciliumnetworkpolicies.cilium.io",
    CCNP: "ciliumclusterwidenetworkpolicies.cilium.io",
    NETWORK_POLICY: "networkpolicies.networking.k8s.io",
}
NAMESPACED = (CNP, NETWORK_POLICY)
# Cilium's operator looks at each of these and says whether it is valid; agents pass over one that is not.
JUDGED = (CNP, CCNP)

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Policy:
    """One document of one file.

    Args:
        content: the object as it is written.
        path, number, many: its file, which document of it (from 1), and whether there are several.
        node: the document with its lines.
    """

    content: Object
    path: Path
    number: int = 1
    many: bool = False
    node: yaml.Node | None = None

    @property
    def kind(self) -> str:
        """One of :data:`VERSIONS`, once it was checked."""
        return str(self.content.get("kind"))

    @cached_property
    def identity(self) -> Identity:
        """What it is called in the cluster, once kind, version and name were checked."""
        return Identity.of(self.content)

    def __str__(self) -> str:
        return str(self.identity)

    def place(self, *location: int | str) -> str:
        """``policies/x.yaml:12: document 2: spec.egress.0.toPorts``."""
        line = line_of(self.node, location) or (self.node.start_mark.line + 1 if self.node else None)
        parts = [f"{self.path}:{line}" if line else str(self.path), f"document {self.number}" if self.many else ""]
        return ": ".join(filter(None, [*parts, ".".join(map(str, location))]))
