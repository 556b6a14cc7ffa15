"""Two pods on two nodes and a service, and a probe between them that runs while Cilium is switched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from kubestead.catalog import Catalog
from kubestead.images import AGNHOST
from tests.twin.conftest import Twin, eventually
from tests.twin.operator import KUBECTL

NAMESPACE, HTTP, UDP, SERVICE = "switching", 8080, 8081, 80
UNIT, RESULT, SCRIPT = "kubestead-probe", "/run/kubestead-probe.json", "/run/kubestead-probe.py"
CLIENT, SERVER = "k8s-worker1", "k8s-worker2"
PODS = """\
apiVersion: v1
kind: Namespace
metadata: {{name: {namespace}}}
---
apiVersion: v1
kind: Service
metadata: {{name: server, namespace: {namespace}}}
spec:
  selector: {{name: server}}
  ports: [{{port: {service}, targetPort: {http}}}]
"""
POD = """\
---
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: {namespace}, labels: {{name: {name}}}}}
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


def start_pods(twin: Twin, server: str = SERVER) -> None:
    """Have the pods and the service, the server on the node named; they stay."""
    catalog = yaml.safe_load((twin.state / "site.yaml").read_text())["sources"]["catalog"]
    image = Catalog.load(Path(catalog)).image(AGNHOST)
    names = {"namespace": NAMESPACE, "http": HTTP, "udp": UDP, "service": SERVICE, "image": image}
    pods = [POD.format(name=name, node=node, **names) for name, node in (("client", CLIENT), ("server", server))]
    twin.ssh("k8s-cp", f"{KUBECTL} apply -f - > /dev/null", stdin=PODS.format(**names) + "".join(pods))
    ready = f"{KUBECTL} -n {NAMESPACE} wait --for=condition=Ready --timeout=120s pod/client pod/server"
    twin.ssh("k8s-cp", ready)


@contextmanager
def probing(twin: Twin) -> Iterator[dict[str, Any]]:
    """Probe from the client's network to the server and the service; what it saw is in the mapping afterwards."""

    def address(what: str, path: str) -> str:
        return twin.ssh("k8s-cp", f"{KUBECTL} -n {NAMESPACE} get {what} -o jsonpath='{{{path}}}'")

    server, service = address("pod/server", ".status.podIP"), address("service/server", ".spec.clusterIP")
    twin.ssh(CLIENT, f"cat > {SCRIPT}; rm -f {RESULT}", stdin=Path(__file__).with_name("inpod.py").read_text())
    pid = "$(grep -lzx HOSTNAME=client /proc/[0-9]*/environ 2>/dev/null | head -n 1 | cut -d / -f 3)"
    arguments = f"{RESULT} {server} {service} {HTTP} {UDP} {SERVICE}"
    twin.ssh(
        CLIENT, f"systemd-run --quiet --collect --unit={UNIT} nsenter --target {pid} --net python3 {SCRIPT} {arguments}"
    )
    seen: dict[str, Any] = {}
    try:
        yield seen
    finally:
        twin.ssh(CLIENT, f"systemctl kill --signal=TERM {UNIT}")
        eventually(lambda: twin.ssh(CLIENT, f"test -s {RESULT} && echo there || true") == "there")
        seen.update(json.loads(twin.ssh(CLIENT, f"cat {RESULT}")))
