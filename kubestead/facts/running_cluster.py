"""What runs on a first control plane already, asked of its API in one round trip."""

from __future__ import annotations

from pathlib import Path

from pyinfra.api import FactBase
from pyinfra.api.exceptions import FactProcessError

from kubestead.adopt.running import RunningCluster, parse

SCRIPT = Path(__file__).with_name("running_cluster.sh")


class RunningClusterFacts(FactBase[RunningCluster | None]):
    """The cluster whose control plane the host is, whoever built it; None where there is none, or half of one.

    ``pyinfra inventory/lab.py fact kubestead.facts.running_cluster.RunningClusterFacts --limit k8s-cp``
    """

    @staticmethod
    def default() -> None:
        return None

    def command(self) -> str:
        return SCRIPT.read_text()

    def process(self, output: list[str]) -> RunningCluster | None:
        try:
            return parse(output)
        except (ValueError, KeyError, IndexError, OSError) as error:
            raise FactProcessError(f"what the cluster told cannot be read: {error!r}") from error
