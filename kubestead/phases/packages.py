"""kubelet, kubeadm and kubectl from their signed repository, in one exact version, held."""

from __future__ import annotations

from pyinfra import host
from pyinfra.api.deploy import deploy

from kubestead.operations import packages
from kubestead.operations.systemd import service
from kubestead.phases.sources import Sources
from kubestead.spec import ClusterSpec

REPOSITORY = "kubernetes"


@deploy("Kubernetes packages")
def install_kubernetes_packages(spec: ClusterSpec) -> None:
    """The repository, the packages the catalog names, and the kubelet enabled (it starts once the node joins)."""
    source = Sources.of(host).catalog.apt[REPOSITORY]
    packages.repository(name="Package repository", repository_name=REPOSITORY, source=source)
    packages.exact_versions(
        name=f"kubelet, kubeadm, kubectl {spec.kubernetes_version}", packages=source.packages, source_name=REPOSITORY
    )
    service(name="kubelet at boot", unit="kubelet.service", running=False)
