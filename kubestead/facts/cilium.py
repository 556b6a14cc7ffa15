"""Facts about one node's part in the pod network."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pyinfra.api import FactBase, QuoteString, StringCommand
from pyinfra.api.exceptions import FactProcessError

from kubestead.cilium.status.model import ClusterView, HostView
from kubestead.cilium.status.objects import cluster_view
from kubestead.cilium.status.said import host_view
from kubestead.health import KUBECTL, READY, rows_of

HOST_SCRIPT, CLUSTER_SCRIPT = (Path(__file__).with_name(f"cilium_{one}.sh") for one in ("host", "cluster"))

_FIELDS = (
    ".metadata.name",
    ".metadata.uid",
    READY,
    ".metadata.deletionTimestamp",
    ".status.initContainerStatuses[*].state.waiting.reason",
    ".status.containerStatuses[*].state.waiting.reason",
    '.status.containerStatuses[?(@.name=="cilium-agent")].state.running.startedAt',
)


@dataclass(frozen=True)
class Agent:
    """A Cilium agent's pod.

    Args:
        name, uid: what it is called.
        ready: it is ready and not about to go. The API goes on saying so for a while after its node has gone.
        waiting: what its containers wait for.
        started: since when the agent runs, by the node's clock, in whole seconds.
    """

    name: str
    uid: str
    ready: bool
    waiting: str = ""
    started: datetime | None = None

    def __str__(self) -> str:
        return f"{self.name} {'ready' if self.ready else 'not ready'}{f' ({self.waiting})' if self.waiting else ''}"


class CiliumAgents(FactBase[tuple[Agent, ...] | None]):
    """The agent's pods on the node ``node``, asked on a control plane; None where the API does not answer."""

    @staticmethod
    def default() -> None:
        return None

    def command(self, node: str) -> StringCommand:
        return StringCommand(
            KUBECTL, "--request-timeout=5s --namespace kube-system get pods --selector k8s-app=cilium",
            "--field-selector", QuoteString(f"spec.nodeName={node}"),
            "--output", QuoteString(rows_of(_FIELDS)), "2>/dev/null && echo answered || true",
        )  # fmt: skip

    def process(self, output: list[str]) -> tuple[Agent, ...] | None:
        if output[-1:] != ["answered"]:
            return None
        rows = [line.split("\t") for line in output if line.count("\t") == len(_FIELDS) - 1]
        return tuple(
            Agent(name, uid, ready == "True" and not leaving, " ".join(f"{first} {then}".split()), _time(started))
            for name, uid, ready, leaving, first, then, started in rows
        )


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


class MissingNetworkFiles(FactBase[list[str]]):
    """What containerd needs of Cilium on the host and does not find; empty where it finds both."""

    default = list

    def command(self) -> str:
        return """[ -x /opt/cni/bin/cilium-cni ] && [ -s /opt/cni/bin/cilium-cni ] || echo /opt/cni/bin/cilium-cni
grep -qs cilium-cni /etc/cni/net.d/*.conflist /etc/cni/net.d/*.conf || echo '/etc/cni/net.d/*.conflist'"""

    def process(self, output: list[str]) -> list[str]:
        return output


class CiliumHost(FactBase[HostView | None]):
    """What the host says of the Cilium agent on it, the node ``node_name``; None where it could not be asked.

    Read-only, a second on a healthy node, a quarter of a minute at most where the agent hangs:
    ``pyinfra inventory/lab.py fact kubestead.facts.cilium.CiliumHost node_name=k8s-worker1``
    """

    @staticmethod
    def default() -> None:
        return None

    def command(self, node_name: str) -> str:
        return f"node={shlex.quote(node_name)}\n{HOST_SCRIPT.read_text()}"

    def process(self, output: list[str]) -> HostView:
        try:
            return host_view(output)
        except ValueError as error:
            raise FactProcessError(str(error)) from error


class CiliumCluster(FactBase[ClusterView]):
    """What the API knows of Cilium, asked on a control plane in one round trip."""

    default = ClusterView

    def command(self) -> str:
        return CLUSTER_SCRIPT.read_text()

    def process(self, output: list[str]) -> ClusterView:
        return cluster_view(output)
