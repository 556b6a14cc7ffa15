"""Which images a cluster runs, by the names the catalog has them under. Pure."""

from __future__ import annotations

from kubestead.spec import ClusterSpec

K8S = "registry.k8s.io"
CILIUM = "quay.io/cilium"
SPIFFE = "ghcr.io/spiffe"
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
        *chosen_images(spec).get("cilium_envoy", ()),
        f"{CILIUM}/operator-generic",
        f"{K8S}/coredns/coredns",
        *([f"{CILIUM}/hubble-relay"] if spec.hubble and spec.hubble_relay else []),
    ]


def chosen_images(spec: ClusterSpec) -> dict[str, tuple[str, ...]]:
    """What Cilium's optional parts run, by the key of the spec that asks for it."""
    wanted = {
        "cilium_envoy": (spec.cilium_envoy and spec.cilium_l7_proxy, (f"{CILIUM}/cilium-envoy",)),
        "cilium_mutual_authentication": (
            spec.cilium_mutual_authentication,
            (f"{SPIFFE}/spire-agent", f"{SPIFFE}/spire-server", "docker.io/library/busybox"),
        ),
        "cilium_mesh": (bool(spec.cilium_mesh), (f"{CILIUM}/clustermesh-apiserver",)),
        "hubble_ui": (spec.hubble_ui, (f"{CILIUM}/hubble-ui", f"{CILIUM}/hubble-ui-backend")),
        "hubble_tls": (spec.hubble and spec.hubble_tls == "cronJob", (f"{CILIUM}/certgen",)),
    }
    return {key: names for key, (chosen, names) in wanted.items() if chosen}


def all_images(spec: ClusterSpec) -> list[str]:
    """Every image of a cluster and of its smoke, each once."""
    chosen = [name for names in chosen_images(spec).values() for name in names]
    return list(dict.fromkeys([*control_plane_images(spec), *node_images(spec), *chosen, AGNHOST]))
