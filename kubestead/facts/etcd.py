"""Facts about etcd, asked on a control plane."""

from __future__ import annotations

import shlex

from pyinfra.api import FactBase

from kubestead.health import KUBECTL, READY, rows_of
from kubestead.recovery.etcd import SELECTOR


class EtcdMembers(FactBase[dict[str, bool] | None]):
    """Whether the pod of each etcd member is Ready, by its node's name; None where the API did not answer."""

    @staticmethod
    def default() -> None:
        return None

    def command(self) -> str:
        pods = f"{KUBECTL} --request-timeout=10s --namespace kube-system get pods --selector={SELECTOR}"
        rows = shlex.quote(rows_of((".spec.nodeName", READY)))
        return f"{pods} --output={rows} 2>/dev/null && echo answered || true"

    def process(self, output: list[str]) -> dict[str, bool] | None:
        if "answered" not in output:
            return None
        rows = (line.split("\t") for line in output if "\t" in line)
        return {node: ready == "True" for node, ready in rows}
