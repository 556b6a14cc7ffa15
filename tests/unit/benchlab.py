"""A small lab for the comparators' files, and a round of numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from bench import cpu, milestones, results


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


def record(*rows: tuple[str, str, str, float, float, bool]) -> str:
    keys = ("host", "phase", "operation", "start", "end", "changed")
    return "".join(json.dumps(dict(zip(keys, row, strict=True))) + "\n" for row in rows)


FRESH = record(
    ("a", "", "every host is prepared", 112, 112, False),
    ("b", "", "every host is prepared", 112, 113, False),
    ("a", "Control plane", "kubeadm init", 113, 124, True),
    ("a", "Cilium", "Helm 3.19.0 and the chart 1.18.4", 124, 125, True),
    ("a", "Cilium", "Cilium 1.18.4", 125, 126, True),
    ("b", "Worker", "kubeadm join", 126, 133, True),
    ("a", "Verify", "Nodes and system pods", 133, 160, False),
    ("a", "Verify", "Smoke: pods", 160, 175, True),
)
FLOOR = [
    "phase\tprepared\ta\t10.50",
    "a line of somebody else",
    "phase\tprepared\tb\t9.02",
    "phase\tinitialised\ta\t20.00",
    "phase\treleased\ta\t22.00",
    "phase\tjoined\tb\t25.00",
    "phase\thealthy\ta\t50.00",
]


def a_round(healthy: float) -> results.Round:
    usage = cpu.Usage(busy=80, idle=20, steal=0, twin=70)
    operations = milestones.read_record(FRESH, started=100)
    ours = results.Fresh(milestones.of_record(operations), 77, results.Before(3, 0.02), usage, tuple(operations), 72.5)
    ours = replace(ours, reached={**ours.reached, milestones.HEALTHY: healthy})
    floor = results.Fresh(milestones.of_floor(FLOOR), 51, results.Before(3, 0.01), usage)
    again = (results.Again(2.5, None, ()), results.Again(3.5, 71.0, ("Host | Kernel modules",), 1.2))
    playbook = results.Fresh({milestones.HEALTHY: 150}, 150, results.Before(3, 0.01), usage)
    theirs = (results.Again(24, 60.0, (), 9.0), results.Again(30, 62.0, (), 11.0))
    order = ("floor", "kubestead", "playbook")
    return results.Round(order, floor, ours, again, playbook, theirs, results.Again(28, 60.0, ()))
