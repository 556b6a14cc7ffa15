"""Facts about one node as the cluster's API sees it, asked on a control plane."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

from pyinfra.api import FactBase, QuoteString, StringCommand

from kubestead.health import KUBECTL


@dataclass(frozen=True)
class NodeView:
    """A node's Ready condition and when its kubelet last renewed its lease, both None where the API knows nothing."""

    ready: str | None = None
    lease_renewed: datetime | None = None


class Clock(FactBase[datetime | None]):
    """What time the host thinks it is."""

    @staticmethod
    def default() -> None:
        return None

    def command(self) -> str:
        return "date +%s.%N"

    def process(self, output: list[str]) -> datetime:
        return datetime.fromtimestamp(float(output[0]), timezone.utc)


class ApiNode(FactBase[NodeView]):
    """What the API says of the node ``node``."""

    default = NodeView

    def command(self, node: str) -> StringCommand:
        name = QuoteString(node)
        return StringCommand(
            KUBECTL, "--request-timeout=5s get node", name,
            """--output=jsonpath='ready {.status.conditions[?(@.type=="Ready")].status}' 2>/dev/null; echo;""",
            KUBECTL, "--request-timeout=5s --namespace kube-node-lease get lease", name,
            "--output=jsonpath='lease {.spec.renewTime}' 2>/dev/null; true",
        )  # fmt: skip

    def process(self, output: list[str]) -> NodeView:
        words = {line.partition(" ")[0]: line.partition(" ")[2] for line in output}
        lease = words.get("lease")
        return NodeView(
            ready=words.get("ready") or None,
            lease_renewed=datetime.fromisoformat(lease.replace("Z", "+00:00")) if lease else None,
        )
