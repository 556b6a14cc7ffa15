"""Which images a cluster runs, by the names the catalog has them under. Pure."""

from __future__ import annotations

from kubestead.spec import ClusterSpec

K8S = "registry.k8s.io"
CILIUM = "quay.io/cilium"
# What the smoke's pods run.
AGNHOST = f"{K8S}/e2e-test-images/agnhost"


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


def all_images(spec: ClusterSpec) -> list[str]:
    """Every image of a cluster and of its smoke, each once."""
    return list(dict.fromkeys([*control_plane_images(spec), *node_images(spec), AGNHOST]))
