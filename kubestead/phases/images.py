"""Images pulled while the control plane starts, on every host that will need them."""

from __future__ import annotations

from pyinfra import host
from pyinfra.api.deploy import deploy

from kubestead.operations.images import start_pulling
from kubestead.phases.known import membership
from kubestead.phases.sources import Sources
from kubestead.phases.topology import CONTROL_PLANE, in_group
from kubestead.spec import ClusterSpec

K8S = "registry.k8s.io"
CILIUM = "quay.io/cilium"


@deploy("Images")
def start_pulling_images(spec: ClusterSpec) -> None:
    """Start the pulls on hosts that are no members yet; the kubelet of a member pulls what it misses by itself."""
    if membership(host).joined:
        return
    catalog = Sources.of(host).catalog
    if in_group(CONTROL_PLANE):
        start_pulling(
            name="Pull the control plane's images in the background",
            purpose="control-plane",
            names=control_plane_images(spec),
            catalog=catalog,
        )
    start_pulling(
        name="Pull the node's images in the background", purpose="node", names=node_images(spec), catalog=catalog
    )


def control_plane_images(spec: ClusterSpec) -> list[str]:
    """What kubeadm init waits for, in the order it does."""
    names = ["pause", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "coredns/coredns"]
    return [f"{K8S}/{name}" for name in [*names, *(["kube-proxy"] if spec.kube_proxy == "keep" else [])]]


def node_images(spec: ClusterSpec) -> list[str]:
    """What every node runs sooner or later."""
    return [
        f"{K8S}/pause",
        *([f"{K8S}/kube-proxy"] if spec.kube_proxy == "keep" else []),
        f"{CILIUM}/cilium",
        f"{CILIUM}/operator-generic",
        f"{K8S}/coredns/coredns",
        *([f"{CILIUM}/hubble-relay"] if spec.hubble and spec.hubble_relay else []),
    ]
