"""Facts about a mesh of clusters, asked on a control plane."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from pyinfra.api import FactBase, StringCommand

from kubestead.health import KUBECTL

CERTIFICATE = "--namespace kube-system get secret clustermesh-apiserver-remote-cert"
_ASK = f"{KUBECTL} --request-timeout=10s"
_ROWS = """--output=jsonpath='{.data.ca\\.crt}{"\\n"}{.data.tls\\.crt}{"\\n"}{.data.tls\\.key}{"\\n"}' 2>/dev/null"""
_AGENTS = """--output=jsonpath='{range .items[*]}{.metadata.name} {.spec.nodeName}{"\\n"}{end}' 2>/dev/null"""
_CLUSTERS = """'jsonpath={range .cluster-mesh.clusters[*]}{.name}{"|"}{.ready}{"|"}{.status}{"\\n"}{end}'"""
# How many agents are asked at a time: each question is a kubectl.
_AT_ONCE = 8


@dataclass(frozen=True)
class MeshCertificate:
    """What others read this cluster's part of the mesh with: authority and certificate in PEM, and the key's sha256."""

    authority: str
    certificate: str
    key_sha256: str


class OwnMeshCertificate(FactBase[MeshCertificate | None]):
    """The certificate the chart made for other clusters, without its key; None where there is none, or no answer."""

    @staticmethod
    def default() -> None:
        return None

    def command(self) -> StringCommand:
        return StringCommand(
            f"{_ASK} {CERTIFICATE}", _ROWS, "| {", "read -r ca; read -r certificate; read -r key;",
            """[ -z "$key" ] || { printf '%s\\n' "$ca" "$certificate";""",
            """printf '%s' "$key" | base64 -d | sha256sum; }; }""",
        )  # fmt: skip

    def process(self, output: list[str]) -> MeshCertificate | None:
        if len(output) != 3:
            return None
        authority, certificate = (base64.b64decode(line).decode() for line in output[:2])
        return MeshCertificate(authority, certificate, output[2].split()[0])


@dataclass(frozen=True)
class RemoteCluster:
    """What an agent says of another cluster; it is ``ready`` once all it wants to know of it has come."""

    ready: bool
    status: str


class RemoteClusters(FactBase[Mapping[str, Mapping[str, RemoteCluster]] | None]):
    """What every agent says of the other clusters: node, cluster; None where the API does not answer."""

    @staticmethod
    def default() -> None:
        return None

    def command(self) -> StringCommand:
        agent = f'{KUBECTL} --namespace kube-system exec "$1" --container cilium-agent --'
        return StringCommand(
            f"ask() {{ echo \"node $2\"; timeout 20 {agent} cilium-dbg status --timeout 10s --output", _CLUSTERS,
            """2>/dev/null | grep '|' | sed "s/^/$2|/"; };""",
            f"agents=$({_ASK} --namespace kube-system get pods --selector k8s-app=cilium", _AGENTS, ") && {",
            """printf '%s\\n' "$agents" | { n=0; while read -r pod node; do""",
            """[ -z "$node" ] || ask "$pod" "$node" </dev/null & n=$((n + 1));""",
            f"[ $((n % {_AT_ONCE})) -ne 0 ] || wait; done; wait; }}; echo answered; }} || true",
        )  # fmt: skip

    def process(self, output: list[str]) -> dict[str, dict[str, RemoteCluster]] | None:
        if output[-1:] != ["answered"]:
            return None
        told: dict[str, dict[str, RemoteCluster]] = {}
        for line in output[:-1]:
            if line.startswith("node "):
                told.setdefault(line.removeprefix("node "), {})
                continue
            node, cluster, ready, status = line.split("|", 3)
            told.setdefault(node, {})[cluster] = RemoteCluster(ready == "true", status)
        return told
