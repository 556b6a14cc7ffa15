"""kubelet, kubeadm and kubectl from their signed repository, in one exact version, held."""

from __future__ import annotations

from pyinfra import host
from pyinfra.api.deploy import deploy

from kubestead.operations import packages
from kubestead.operations.systemd import service
from kubestead.phases.known import membership
from kubestead.phases.sources import Sources
from kubestead.spec import ClusterSpec

REPOSITORY = "kubernetes"
# kubeadm's package has a drop-in of the kubelet's unit.
UNIT_FILES_OF = ("kubelet", "kubeadm")


@deploy("Kubernetes packages")
def install_kubernetes_packages(spec: ClusterSpec, kubelet_runs: bool = True) -> None:
    """The repository, the packages the catalog names, and the kubelet enabled (it starts once the node joins).

    Args:
        spec: the cluster.
        kubelet_runs: on a node that has joined, the kubelet runs too; False leaves that to what comes after.
    """
    source = Sources.of(host).catalog.apt[REPOSITORY]
    packages.repository(name="Package repository", repository_name=REPOSITORY, source=source)
    packages.exact_versions(
        name=f"kubelet, kubeadm, kubectl {spec.kubernetes_version}", packages=source.packages, source_name=REPOSITORY
    )
    service(
        name="kubelet's service",
        unit="kubelet.service",
        running=kubelet_runs and membership(host).joined,
        restart_if=lambda: packages.installs(*UNIT_FILES_OF),
    )
