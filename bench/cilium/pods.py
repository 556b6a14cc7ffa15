"""The pods and the service that are measured, and from where to where each way goes."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from bench.cilium import floor
from bench.cilium.lab import CLIENT, SERVER, CiliumLab, Place
from bench.cilium.modes import enforced
from bench.lab import KUBECTL
from kubestead.catalog import Catalog
from kubestead.errors import KubesteadError
from kubestead.images import AGNHOST
from kubestead.twin import state
from kubestead.twin.plan import GATEWAY

IPERF, HTTP = 5201, 9080
NAMESPACE = "bench"
PODS = {"client": CLIENT, "near": CLIENT, "server": SERVER}
_KUBECTL = f"{' '.join(KUBECTL)} -n {NAMESPACE}"
_POD = """\
---
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: {namespace}, labels: {{name: {name}}}}}
spec:
  nodeName: {node}
  automountServiceAccountToken: false
  tolerations: [{{operator: Exists}}]
  containers: [{{name: network, image: "{image}", args: [pause]}}]
"""
_SERVICE = """\
apiVersion: v1
kind: Service
metadata: {{name: server, namespace: {namespace}}}
spec:
  type: NodePort
  selector: {{name: server}}
  ports:
  - {{name: iperf, port: {iperf}}}
  - {{name: http, port: {http}}}
"""
# What is measured is allowed, from and to everybody, and nothing else is.
_POLICY = """\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: bench, namespace: {namespace}}}
spec:
  endpointSelector: {{}}
  ingress: [{{fromEntities: [all], toPorts: [{{ports: [{ports}]}}]}}]
  egress: [{{toEntities: [all], toPorts: [{{ports: [{ports}]}}]}}]
"""
_ENFORCED_SECONDS = 60


@dataclass(frozen=True)
class Way:
    """A client's place, the address it asks, and iperf3's and nginx's ports there."""

    client: Place
    address: str
    ports: tuple[int, int] = (IPERF, HTTP)


def host_addresses(lab: CiliumLab) -> dict[str, str]:
    """The hosts' addresses by their names."""
    found = state.load_plan(state.files(lab.name))
    return {node.name: node.address for node in found.nodes} if found else {}


def start(lab: CiliumLab) -> dict[str, Way]:
    """Have pods, service and their servers in the new cluster; returns the ways by their names in ``samples.WAYS``."""
    image = Catalog.load(lab.catalog()).image(AGNHOST)
    texts = [_POD.format(name=name, node=node, namespace=NAMESPACE, image=image) for name, node in PODS.items()]
    manifest = _SERVICE.format(namespace=NAMESPACE, iperf=IPERF, http=HTTP) + "".join(texts)
    cluster = Place(SERVER)
    # Pods are refused until the namespace has its service account.
    account = f"{_KUBECTL} get serviceaccount default > /dev/null 2>&1"
    lab.at(cluster, f"{' '.join(KUBECTL)} create namespace {NAMESPACE}; until {account}; do sleep 0.2; done")
    lab.at(cluster, f"{_KUBECTL} apply -f -", manifest.encode())
    lab.at(cluster, f"{_KUBECTL} wait --for=condition=Ready --timeout=120s {' '.join(f'pod/{name}' for name in PODS)}")
    pods = {one["metadata"]["name"]: str(one["status"]["podIP"]) for one in _get(lab, "pods")["items"]}
    service = _get(lab, "service server")["spec"]
    places = {name: Place(node, _process(lab, node, name)) for name, node in PODS.items()}
    for name in ("near", "server"):
        lab.serve(places[name], name)
    client, hosts = places["client"], host_addresses(lab)
    first, second = (int(port["nodePort"]) for port in service["ports"])
    return {
        "floor": Way(floor.place(lab.name, floor.CLIENT), floor.ADDRESSES[floor.SERVER]),
        "hosts": Way(Place(CLIENT), hosts[SERVER]),
        "pod": Way(client, pods["server"]),
        "service": Way(client, str(service["clusterIP"])),
        "near": Way(client, pods["near"]),
        "nodeport": Way(Place(), hosts[CLIENT], (first, second)),
        "egress": Way(client, GATEWAY),
    }


def restrict(lab: CiliumLab) -> None:
    """Have a policy on the pods, and wait until every agent enforces it.

    Raises:
        KubesteadError: one does not; says what it does instead.
    """
    ports = ", ".join(f'{{port: "{port}", protocol: TCP}}' for port in (IPERF, HTTP))
    lab.at(Place(SERVER), f"{_KUBECTL} apply -f -", _POLICY.format(namespace=NAMESPACE, ports=ports).encode())
    end = time.monotonic() + _ENFORCED_SECONDS
    while True:
        told = {node: enforced(said, NAMESPACE) for node, said in lab.asked("endpoint list").items()}
        if all(words == {"both"} for words in told.values()):
            return
        if time.monotonic() > end:
            raise KubesteadError(f"not enforced in both directions within {_ENFORCED_SECONDS} s: {told}")
        time.sleep(0.5)  # between two looks


def _get(lab: CiliumLab, what: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lab.at(Place(SERVER), f"{_KUBECTL} get {what} --output json"))
    return found


def _process(lab: CiliumLab, node: str, pod: str) -> int:
    """A process of a pod, by the name it was given as its host's."""
    found = f'grep -lzx "HOSTNAME={pod}" /proc/[0-9]*/environ 2> /dev/null | head -n 1 | cut -d / -f 3'
    return int(lab.at(Place(node), found))
