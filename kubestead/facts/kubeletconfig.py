"""Facts about the configuration the cluster has for its kubelets."""

from __future__ import annotations

from pyinfra.api import FactBase

from kubestead.health import KUBECTL


class ClusterKubeletConfig(FactBase[str | None]):
    """The KubeletConfiguration in the cluster's ConfigMap, asked on a control plane; None where nobody answers."""

    @staticmethod
    def default() -> None:
        return None

    def command(self) -> str:
        return (
            f"{KUBECTL} --request-timeout=10s --namespace kube-system get configmap kubelet-config "
            "--output=jsonpath='{.data.kubelet}' 2>/dev/null || true"
        )

    def process(self, output: list[str]) -> str | None:
        text = "\n".join(output).strip()
        return f"{text}\n" if text else None
