"""What a run's record says of the cluster it was about. Pure."""

from __future__ import annotations

from kubestead.spec import ClusterSpec


def cluster_facts(spec: ClusterSpec) -> dict[str, str]:
    """Facts of the spec by name, all text: name, releases, networks, what Cilium does."""
    routing = spec.cilium_routing
    relay = "with relay" if spec.hubble_relay else "without relay"
    return {
        "cluster": spec.cluster_name,
        "Kubernetes": spec.kubernetes_version,
        "containerd": spec.containerd_version,
        "runc": spec.runc_version,
        "Cilium": spec.cilium_version,
        "Helm": spec.helm_version,
        "pause": spec.pause_version,
        "endpoint": spec.control_plane_endpoint,
        "pods": ", ".join(map(str, spec.pool)),
        "pods of a node": f"/{spec.pod_cidr_mask_size}",
        "services": str(spec.service_cidr),
        "DNS": f"{spec.dns_address}, {spec.dns_domain}",
        "Cilium mode": routing if routing == "native" else f"tunnel, {routing}",
        "kube-proxy": "replaced by Cilium" if spec.cilium_replaces_kube_proxy else "kept",
        "Hubble": relay if spec.hubble else "off",
    }
