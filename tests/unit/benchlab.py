"""A small lab for the comparators' files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def lab(tmp_path: Path) -> list[dict[str, Any]]:
    """A control plane and a worker, as debug-inventory shows them."""
    file = {"version": "1", "any": {"url": "files/x", "sha256": "a" * 64}}
    image = {"tag": "v1", "sha256": "b" * 64}
    names = ("pause", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "coredns/coredns")
    images = [f"registry.k8s.io/{name}" for name in (*names, "kube-proxy")]
    images += [f"quay.io/cilium/{name}" for name in ("cilium", "operator-generic", "hubble-relay")]
    apt = {"url": "apt/", "key_url": "apt/key", "key_fingerprint": "C" * 40, "packages": {"kubelet": "1.31.13-1.1"}}
    catalog = {
        "origin": "a test",
        "files": dict.fromkeys(("containerd", "runc", "helm", "cilium-chart"), file),
        "apt": {"kubernetes": apt},
        "images": dict.fromkeys(images, image),
    }
    (tmp_path / "catalog.yaml").write_text(yaml.safe_dump(catalog))
    sources = {
        "catalog": str(tmp_path / "catalog.yaml"),
        "base_url": "http://mirror/",
        "registry": "http://mirror:5000",
    }
    ssh = {"ssh_user": "root", "ssh_key": "key with a space", "ssh_known_hosts_file": "known_hosts"}
    hosts = [("k8s-cp", "control_plane", "192.0.2.1"), ("k8s-worker1", "workers", "192.0.2.2")]
    return [
        {
            "name": name,
            "groups": [group, "lab"],
            "data": {"node_address": ip, "ssh_hostname": ip, **ssh, "kubestead_sources": sources},
        }
        for name, group, ip in hosts
    ]
