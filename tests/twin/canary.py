"""A workload no fault touches, watched while others are broken and mended."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.twin.conftest import Twin, eventually
from tests.twin.operator import KUBECTL

AGNHOST = "registry.k8s.io/e2e-test-images/agnhost"
MISSED = "/run/canary-missed"

MANIFEST = """
apiVersion: v1
kind: Namespace
metadata: {name: canary}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: canary, namespace: canary}
spec:
  replicas: 2
  selector: {matchLabels: {app: canary}}
  template:
    metadata: {labels: {app: canary}}
    spec:
      nodeSelector: {kubernetes.io/hostname: NODE}
      containers:
      - name: agnhost
        image: IMAGE
        args: [netexec, --http-port=8080, --udp-port=-1]
        readinessProbe: {httpGet: {path: /hostname, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: canary, namespace: canary}
spec:
  selector: {app: canary}
  ports: [{port: 80, targetPort: 8080}]
"""
# Asked twice a second from the control plane's host, through the service; what got no answer is written down.
PROBE = (
    "while :; do timeout 5 bash -c '</dev/tcp/{address}/80' 2>/dev/null || date +%FT%T.%N >> " + MISSED + "; "
    "sleep 0.5; done"
)


@dataclass(frozen=True)
class Canary:
    """A Deployment of two pods on the node ``node``, behind a service."""

    twin: Twin
    node: str

    def start(self) -> None:
        """Start the pods and the probe."""
        catalog = yaml.safe_load(Path(self.twin.status()["mirror"]["folder"], "catalog.yaml").read_text())
        image = f"{AGNHOST}@sha256:{catalog['images'][AGNHOST]['sha256']}"
        manifest = MANIFEST.replace("NODE", self.node).replace("IMAGE", image)
        self.twin.ssh("k8s-cp", f"{KUBECTL} apply -f - <<'MANIFEST'\n{manifest}\nMANIFEST")
        self.twin.ssh("k8s-cp", f"{KUBECTL} -n canary rollout status deployment/canary --timeout=120s")
        address = self.twin.ssh("k8s-cp", f"{KUBECTL} -n canary get service canary -o jsonpath='{{.spec.clusterIP}}'")
        probe = PROBE.format(address=address)
        eventually(lambda: self.twin.ssh("k8s-cp", f"timeout 5 bash -c '</dev/tcp/{address}/80' && echo yes || true"))
        self.twin.ssh("k8s-cp", f'rm -f {MISSED}; systemd-run --quiet --unit=canary-probe bash -c "{probe}"')

    def stop(self) -> None:
        """Stop the probe and remove the pods."""
        self.twin.ssh("k8s-cp", f"systemctl stop canary-probe; {KUBECTL} delete namespace canary")

    def state(self) -> dict[str, object]:
        """Its pods (identity, restarts, start), and the answers missed so far; equal while nothing touched it."""
        pods = json.loads(self.twin.ssh("k8s-cp", f"{KUBECTL} -n canary get pods -o json"))["items"]
        return {
            "pods": sorted(
                (
                    pod["metadata"]["uid"],
                    pod["status"]["containerStatuses"][0]["restartCount"],
                    pod["status"]["containerStatuses"][0]["containerID"],
                )
                for pod in pods
            ),
            "probe": self.twin.ssh("k8s-cp", "systemctl is-active canary-probe || true"),
            "missed": self.twin.ssh("k8s-cp", f"cat {MISSED} 2>/dev/null || true").splitlines(),
        }
