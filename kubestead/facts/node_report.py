"""Everything a diagnosis wants to know of a node's own state, by one script in one round trip."""

from __future__ import annotations

import shlex
from pathlib import Path

from pyinfra.api import FactBase
from pyinfra.api.exceptions import FactProcessError

from kubestead.diagnose.model import NodeReport
from kubestead.diagnose.parse import node_report

SCRIPT = Path(__file__).with_name("node_report.sh")


class NodeReports(FactBase[NodeReport | None]):
    """What the host says of itself as the cluster's node ``node_name``; None when it could not be asked.

    Read-only, half a second on a healthy node, a quarter of a minute at most on one where everything hangs:
    ``pyinfra inventory/lab.py fact kubestead.facts.node_report.NodeReports node_name=k8s-worker1``
    """

    @staticmethod
    def default() -> None:
        return None

    def command(self, node_name: str) -> str:
        return f"node={shlex.quote(node_name)}\n{SCRIPT.read_text()}"

    def process(self, output: list[str]) -> NodeReport:
        try:
            return node_report(output)
        except ValueError as error:
            raise FactProcessError(str(error)) from error
