"""The lab on pyinfra's ``@fake`` hosts: what bare hosts answer to every command of a run.

An answer is the same all through a run, so hosts answer from the start what they would only when it is asked: the CA's
certificate is there before ``kubeadm init``, and the cluster is healthy. What was run, and in which order, is real.
"""

from __future__ import annotations

import base64
from typing import Any

from tests.fixtures.hosts import fake_lab

HOSTS = "127.0.0.1 localhost\n"
ADMIN_CONF = "clusters: [{name: lab, cluster: {server: 'https://k8s-api:6443'}}]\n"
CONTAINERD = """\
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = 'registry.k8s.io/pause:3.10'
[plugins.'io.containerd.cri.v1.images'.registry]
config_path = '/etc/containerd/certs.d'
[plugins.'io.containerd.cri.v1.runtime']
restrict_oom_score_adj = false
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
SystemdCgroup = true
"""
# openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /dev/null -subj /CN=test -days 36500
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUGbfnJJXlmkHjkUCYwjyd3/GdATkwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjIwNjA1NTVaGA8yMTI2MTAyOTA2MDU1
NVowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFri
5dvU5LZeMBeTKRjVHad2x4JKbpqv3aP9I1Zlq2G7kPFA2OcFzlBpXRBhkaWoSqdX
NAMeArPTRwW/k7rzEmGjUzBRMB0GA1UdDgQWBBTpoeZYi61fIYlG4R3fgNUMnhW/
BzAfBgNVHSMEGDAWgBTpoeZYi61fIYlG4R3fgNUMnhW/BzAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIQDqXQsiRKdZlHPuMI/JZpojTe71WoJJZYmE
QB7/ynTDIwIgOTpuJ9cllHirHgpnVzAIARhKwn5N7PBwy4G8jPmgG2g=
-----END CERTIFICATE-----
"""


def text(path: str, content: str) -> str:
    """The answer to FileTexts."""
    return f"{base64.b64encode(content.encode()).decode()} {path}"


def health(*nodes: str, ready: str = "True") -> list[str]:
    """The answer to ClusterHealth."""
    rows = [["Node", node, ready, *[""] * 10, f"uid-{node}"] for node in nodes]
    count = str(len(nodes))
    rows.append(["DaemonSet", "cilium", *[""] * 5, count, count, count, "", "1", "1", ""])
    return ["\t".join(row) for row in [*rows, *(["proven", "Node", node, f"uid-{node}", ""] for node in nodes)]]


def in_order(*answers: dict[Any, Any]) -> dict[Any, Any]:
    """All answers as one mapping: the first that fits a command is given."""
    merged: dict[Any, Any] = {}
    for some in answers:
        merged |= {question: answer for question, answer in some.items() if question not in merged}
    return merged


def bare_lab(answers: dict[str, dict[Any, Any]] | None = None) -> tuple[list[Any], list[Any]]:
    """``control_plane, workers = bare_lab()`` in an inventory.

    Args:
        answers: more of them, by host (``k8s-cp``) and by what the command holds; they come before the others.
    """
    control_plane, workers = fake_lab()
    names = [name for name, _ in [*control_plane, *workers]]
    files = {"/etc/hosts": HOSTS, "/etc/kubernetes/admin.conf": ADMIN_CONF, "/etc/kubernetes/pki/ca.crt": CERTIFICATE}
    for name, data in [*control_plane, *workers]:
        data["fake_responses"] = in_order(
            (answers or {}).get(name.removeprefix("@fake/"), {}),
            data["fake_responses"],
            {f'for f in {path} ; do if [ -f "$f" ] && t=': text(path, content) for path, content in files.items()},
            {
                "containerd config dump 2>/dev/null": CONTAINERD,
                "get nodes,daemonsets": health(*names),
                "namespace $n": "check\tok\teverything\t\t",
            },
        )
    return control_plane, workers
