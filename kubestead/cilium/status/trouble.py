"""One thing that is wrong with Cilium: what, what it does to the cluster, why one knows, and the next command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, Literal

Severity = Literal["error", "warning"]
GENTLE: Severity = "warning"
# Where kubectl works without further ado: on a control plane, as root.
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf --namespace kube-system"


class Kind(str, Enum):
    """What can be wrong, the heaviest first: what stands first is told first, and often explains what stands below."""

    API_SILENT = "api-silent"
    NOT_INSTALLED = "not-installed"
    NODE_NOT_READY = "node-not-ready"
    POOL_EXHAUSTED = "pool-exhausted"
    NO_POD_NETWORK = "no-pod-network"
    AGENT_DOWN = "agent-down"
    AGENT_SUSPENDED = "agent-suspended"
    AGENT_SILENT = "agent-silent"
    AGENT_ILL = "agent-ill"
    CNI_MISSING = "cni-missing"
    CNI_FOREIGN = "cni-foreign"
    ADDRESSES_USED_UP = "addresses-used-up"
    LINK_BROKEN = "link-broken"
    TUNNEL_BLOCKED = "tunnel-blocked"
    ROUTE_MISSING = "route-missing"
    CLUSTER_LOST = "cluster-lost"
    NOT_ENCRYPTED = "not-encrypted"
    OPERATOR_DOWN = "operator-down"
    DNS_DOWN = "dns-down"
    CONTROLLER_FAILS = "controller-fails"
    RELAY_DOWN = "relay-down"
    RELAY_SILENT = "relay-silent"
    HUBBLE_ILL = "hubble-ill"
    HEALTH_BLOCKED = "health-blocked"
    DROPS = "drops"
    LINK_MTU = "link-mtu"
    AGENT_RESTARTED = "agent-restarted"
    RELAY_PARTIAL = "relay-partial"
    OTHER_SETTINGS = "other-settings"
    OTHER_MODE = "other-mode"
    OTHER_VERSIONS = "other-versions"
    CNI_SET_ASIDE = "cni-set-aside"
    ADDRESSES_HELD = "addresses-held"

    def __str__(self) -> str:
        return self.value


_WEIGHT = {kind: place for place, kind in enumerate(Kind)}


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong, or worth knowing.

    Args:
        kind: what it is, in the word that JSON and tests use.
        where: the node, nodes or workload it is about.
        what: what is wrong, without a full stop.
        means: what that does to the cluster.
        then: the next command, to be copied; before it the host it is for (``on k8s-worker1: ...``).
        evidence: what was seen, a sentence each.
        severity: a ``warning`` keeps nobody from being called healthy.
    """

    kind: Kind
    where: str
    what: str
    means: str
    then: str
    evidence: tuple[str, ...] = ()
    severity: Severity = "error"

    @property
    def order(self) -> tuple[bool, int, str]:
        """Errors first, then the heavier ones."""
        return self.severity == "warning", _WEIGHT[self.kind], self.where

    def to_data(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        return {**asdict(self), "kind": self.kind.value, "evidence": list(self.evidence)}


def shortened(text: str, length: int = 240) -> str:
    """On one line, and not endless."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 3]}..."


def listed(names: Sequence[str], most: int = 5) -> str:
    """``a, b, c``, and how many more."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
