"""A cluster as RunningClusterFacts tells it: kubeadm's plain one with Cilium by Helm, with changes."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import replace
from typing import Any

from kubestead.adopt.running import HelmRecord, RunningCluster

DEFAULTS = {
    "hubble": {"relay": {"enabled": False}}, "operator": {"replicas": 2}, "routingMode": "", "ipv6": {"enabled": False},
}  # fmt: skip
PLAIN = RunningCluster(
    answers=True,
    server="https://192.168.1.187:6443",
    configuration={
        "clusterName": "kubernetes",
        "kubernetesVersion": "v1.31.13",
        "networking": {"dnsDomain": "cluster.local", "podSubnet": "10.0.0.0/8", "serviceSubnet": "10.96.0.0/12"},
    },
    kube_proxy=True,
    cilium={
        "ipam": "cluster-pool", "cluster-pool-ipv4-cidr": "10.0.0.0/8", "cluster-pool-ipv4-mask-size": "24",
        "routing-mode": "tunnel", "tunnel-protocol": "vxlan", "cluster-name": "default",
    },
    has_agent=True,
    cilium_version="1.18.4",
    cilium_release=("cilium", "kube-system"),
    record=HelmRecord("deployed", "1.18.4", {}, DEFAULTS),
    network_plugins=(("05-cilium.conflist", "cilium-cni"),),
)  # fmt: skip
# What makes the spec agree with it.
LINES: dict[str, Any] = {
    "cluster_name": "kubernetes",
    "service_cidr": "10.96.0.0/12",
    "control_plane_endpoint": "192.168.1.187:6443",
    "cilium_extra_values": {"cluster": {"name": "default"}},
}


def with_cilium(**changes: str) -> RunningCluster:
    """The plain cluster with other keys in cilium-config (``routing_mode`` is ``routing-mode``)."""
    named = {key.replace("_", "-"): value for key, value in changes.items()}
    return replace(PLAIN, cilium={**(PLAIN.cilium or {}), **named})


def stored(record: dict[str, Any]) -> str:
    """A record as Helm stores it."""
    return base64.b64encode(gzip.compress(json.dumps(record).encode())).decode()
