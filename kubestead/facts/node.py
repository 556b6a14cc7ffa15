"""Facts about one node as the cluster's API sees it, asked on a control plane."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

from pyinfra.api import FactBase, QuoteString, StringCommand

from kubestead.health import KUBECTL, READY, rows_of

# The kubelet renews its lease every 10 s; past this one renewal is overdue.
FRESH_SECONDS = 15
_FIELDS = (
    ".kind",
    READY,
    ".status.nodeInfo.bootID",
    ".spec.unschedulable",
    ".spec.renewTime",
)


@dataclass(frozen=True)
class NodeView:
    """A node in the API's words; everything is None where the API did not answer.

    Args:
        ready: its Ready condition, ``True``, ``False`` or ``Unknown``.
        lease_renewed: when its kubelet last renewed its lease, by the node's own clock.
        exists: there is a Node object of that name.
        cordoned: nothing is scheduled on it.
        boot_id: the boot its kubelet last told of.
        asked: when this was seen, by the clock of the host that asked.
    """

    ready: str | None = None
    lease_renewed: datetime | None = None
    exists: bool | None = None
    cordoned: bool | None = None
    boot_id: str | None = None
    asked: datetime | None = None

    @property
    def lease_age(self) -> float | None:
        """Seconds since the lease was renewed; negative where the node's clock is ahead."""
        return (self.asked - self.lease_renewed).total_seconds() if self.asked and self.lease_renewed else None

    @property
    def well(self) -> bool:
        """Ready, and its kubelet said so just now: Ready alone stays True for 40 s after the kubelet is gone."""
        return self.ready == "True" and self.lease_age is not None and abs(self.lease_age) < FRESH_SECONDS

    def __str__(self) -> str:
        if self.exists is None:
            return "the API does not answer"
        if not self.exists:
            return "no node of that name"
        age = "no lease" if self.lease_age is None else f"lease {self.lease_age:.0f} s old"
        return f"Ready={self.ready}, {age}{', cordoned' if self.cordoned else ''}"


class Clock(FactBase[datetime | None]):
    """What time the host thinks it is."""

    @staticmethod
    def default() -> None:
        return None

    def command(self) -> str:
        return "date --utc +%s.%N"

    def process(self, output: list[str]) -> datetime:
        return _time(output[0])


class ApiNode(FactBase[NodeView]):
    """What the API says of the node ``node``, its lease included, by one request."""

    default = NodeView

    def command(self, node: str) -> StringCommand:
        return StringCommand(
            KUBECTL, "--request-timeout=5s --namespace kube-node-lease get --ignore-not-found",
            QuoteString(f"nodes/{node}"), QuoteString(f"leases.coordination.k8s.io/{node}"),
            "--output", QuoteString(rows_of(_FIELDS)), "2>/dev/null && date +%s.%N || true",
        )  # fmt: skip

    def process(self, output: list[str]) -> NodeView:
        rows = {line.partition("\t")[0]: line.split("\t") for line in output if line.count("\t") == len(_FIELDS) - 1}
        clock = next((line for line in reversed(output) if line and "\t" not in line), None)
        if clock is None:
            return NodeView()
        _, ready, boot_id, cordoned, _ = rows.get("Node", [""] * len(_FIELDS))
        renewed = rows.get("Lease", [""])[-1]
        return NodeView(
            ready=ready or None,
            lease_renewed=datetime.fromisoformat(renewed.replace("Z", "+00:00")) if renewed else None,
            exists="Node" in rows,
            cordoned=cordoned == "true",
            boot_id=boot_id or None,
            asked=_time(clock),
        )


def _time(seconds: str) -> datetime:
    return datetime.fromtimestamp(float(seconds), timezone.utc)
