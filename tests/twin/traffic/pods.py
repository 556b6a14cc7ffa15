"""Plain pods to talk to, and what is asked of and inside them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import yaml

from kubestead.catalog import Catalog
from kubestead.images import AGNHOST
from tests.twin.conftest import Twin
from tests.twin.operator import KUBECTL

NAMESPACE = "traffic"
HTTP, UDP = 8080, 8081
_POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: {namespace}, labels: {{app: server, name: {name}}}, annotations: {annotations}}}
spec:
  nodeName: {node}
  terminationGracePeriodSeconds: 0
  automountServiceAccountToken: false
  tolerations: [{{operator: Exists}}]
  containers:
  - name: agnhost
    image: {image}
    args: [netexec, --http-port={http}, --udp-port={udp}]
    readinessProbe: {{httpGet: {{path: /hostname, port: {http}}}, periodSeconds: 1}}
"""


@dataclass(frozen=True)
class Pod:
    """A pod of :func:`start`: HTTP on port 8080, UDP on 8081 (agnhost netexec)."""

    twin: Twin
    name: str
    node: str
    address: str

    def run(self, command: str) -> str:
        """What a command of the host's prints in the pod's network, on both outputs, whether it succeeds or not."""
        pid = f'$(grep -lzx "HOSTNAME={self.name}" /proc/[0-9]*/environ 2>/dev/null | head -n 1 | cut -d / -f 3)'
        return self.twin.ssh(self.node, f"nsenter --target {pid} --net {command} 2>&1 || true")

    def asks(self, address: str, port: int, request: str, protocol: str = "http", tries: int = 1) -> list[str]:
        """The answers this pod gets from a server.

        Args:
            address, port: the server's.
            request: ``hostname``, ``clientip`` or ``echo?msg=x`` (over UDP: ``echo x``).
            protocol: ``http`` or ``udp``.
            tries: how often it asks, on a new connection each time.
        """
        query = urlencode({"host": address, "port": port, "request": request, "protocol": protocol, "tries": tries})
        # From the pod's own node, which reaches it whatever happens between nodes.
        told = self.twin.ssh(self.node, f"curl -s --max-time 30 'http://{self.address}:{HTTP}/dial?{query}'")
        answers: list[str] = json.loads(told).get("responses", [])
        return answers


def start(
    twin: Twin, places: Mapping[str, str], annotations: Mapping[str, Mapping[str, str]] | None = None
) -> dict[str, Pod]:
    """Have a pod of each name on its node, and wait until all are ready.

    Args:
        twin: a twin with a cluster.
        places: the pods' names, each with its node's.
        annotations: of some of the pods.
    """
    catalog = yaml.safe_load((twin.state / "site.yaml").read_text())["sources"]["catalog"]
    image = Catalog.load(Path(catalog)).image(AGNHOST)
    pods = [
        _POD.format(
            name=name, node=node, namespace=NAMESPACE, image=image, http=HTTP, udp=UDP,
            annotations=json.dumps(dict((annotations or {}).get(name, {}))),
        )
        for name, node in places.items()
    ]  # fmt: skip
    # Pods are refused until the namespace has its service account.
    account = f"{KUBECTL} -n {NAMESPACE} get serviceaccount default > /dev/null 2>&1"
    twin.ssh("k8s-cp", f"{KUBECTL} create namespace {NAMESPACE} > /dev/null; until {account}; do sleep 0.2; done")
    apply(twin, "---\n".join(pods))
    names = " ".join(f"pod/{name}" for name in places)
    twin.ssh("k8s-cp", f"{KUBECTL} -n {NAMESPACE} wait --for=condition=Ready --timeout=120s {names}")
    row = '{.metadata.name} {.status.podIP}{"\\n"}'
    told = twin.ssh("k8s-cp", f"{KUBECTL} -n {NAMESPACE} get pods -o jsonpath='{{range .items[*]}}{row}{{end}}'")
    addresses = dict(line.split() for line in told.splitlines())
    return {name: Pod(twin, name, node, addresses[name]) for name, node in places.items()}


def apply(twin: Twin, manifest: str) -> None:
    """Apply a manifest to the cluster."""
    twin.ssh("k8s-cp", f"{KUBECTL} apply -f - > /dev/null", stdin=manifest)


def service(
    name: str,
    kind: str,
    selector: Mapping[str, str],
    policy: str = "",
    labels: Mapping[str, str] | None = None,
    external: Sequence[str] = (),
) -> str:
    """The manifest of a service on the pods' ports, TCP 80 and UDP 81.

    Args:
        name: its name.
        kind: ``ClusterIP``, ``NodePort`` or ``LoadBalancer``.
        selector: labels of its pods; a pod has ``app: server`` and ``name`` with its own name.
        policy: externalTrafficPolicy.
        labels: the service's own.
        external: its externalIPs.
    """
    spec = {
        "type": kind,
        "selector": dict(selector),
        "ports": [
            {"name": "http", "port": 80, "targetPort": HTTP, "protocol": "TCP"},
            {"name": "udp", "port": 81, "targetPort": UDP, "protocol": "UDP"},
        ],
        **({"externalTrafficPolicy": policy} if policy else {}),
        **({"externalIPs": list(external)} if external else {}),
    }
    metadata = {"name": name, "namespace": NAMESPACE, "labels": dict(labels or {})}
    return yaml.safe_dump({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})


def of_service(twin: Twin, name: str, field: str) -> str:
    """A field of a service, by jsonpath: ``.spec.clusterIP``."""
    return twin.ssh("k8s-cp", f"{KUBECTL} -n {NAMESPACE} get service {name} -o jsonpath={shlex.quote(f'{{{field}}}')}")


def remove(twin: Twin) -> None:
    """Take everything away again."""
    twin.ssh("k8s-cp", f"{KUBECTL} delete namespace {NAMESPACE} --ignore-not-found --timeout=60s > /dev/null")
