"""The lab's example of policies on the twin: its pods, servers outside the cluster, and every connection tried."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

import yaml

from tests.twin.canary import AGNHOST
from tests.twin.conftest import Twin, eventually
from tests.twin.operator import KUBECTL, inside_network

EXPECTED = Path("policies/expected.yaml")
# Documentation addresses (RFC 5737), here on the bridge's own namespace: what a policy calls the world.
OUTSIDE = ("198.51.100.10", "198.51.100.200")
OUTSIDE_PORT = 8080
NODE_OF_NO_POD = "k8s-cp"
SECONDS = 3


@dataclass(frozen=True)
class Row:
    """A connection of the table, and what is expected of it; ``by`` is a policy's name, or empty."""

    source: str
    target: str
    port: int
    protocol: str
    expected: str
    by: str = ""

    def __str__(self) -> str:
        return f"{self.source} -> {self.target} {self.port}/{self.protocol}"


@dataclass
class Shop:
    """Pods that are up, and where everything is: addresses of pods, nodes and the DNS by what the table calls them."""

    twin: Twin
    rows: list[Row]
    addresses: dict[str, str]
    dns: str

    def try_all(self) -> list[str]:
        """``allowed`` or ``denied`` for every row, each tried once, all at the same time."""
        own: dict[str, list[int]] = {}
        for number, row in enumerate(self.rows):
            own.setdefault(row.source, []).append(number)
        lines = "\n".join(f"{self._from(source, numbers)} &" for source, numbers in own.items())
        said = self.twin.ssh(NODE_OF_NO_POD, f"{lines}\nwait")
        outcome = dict(line.split() for line in said.splitlines())
        assert len(outcome) == len(self.rows), said
        return [{"0": "allowed"}.get(outcome[str(number)], "denied") for number in range(len(self.rows))]

    def _from(self, source: str, numbers: Sequence[int]) -> str:
        """A command that tries some rows, and prints number and exit code of each."""
        tries = [f"{{ {self._try(self.rows[number])} >/dev/null 2>&1; echo {number} $?; }} &" for number in numbers]
        script = "\n".join([*tries, "wait"])
        if "/" not in source:
            return f"bash -c {quote(script)}"
        namespace, _, pod = source.partition("/")
        return f"{KUBECTL} --namespace {namespace} exec {pod} --container http -- bash -c {quote(script)}"

    def _try(self, row: Row) -> str:
        if row.target == "dns" and row.protocol == "udp":
            # A server of DNS answers nothing but questions.
            return f"timeout {SECONDS} getent ahostsv4 kubernetes.default.svc.cluster.local"
        where = f"{self.addresses[row.target]}"
        if "/" not in row.source:
            return f"timeout {SECONDS} bash -c ': < /dev/tcp/{where}/{row.port}'"
        return f"/agnhost connect {where}:{row.port} --timeout={SECONDS}s --protocol={row.protocol}"

    def called(self, name: str) -> str:
        """What ``kubestead policy why`` is to call an end of the table."""
        return self.dns if name == "dns" else name


def table() -> tuple[dict[str, dict[str, str]], list[Row]]:
    """The pods with their labels, and the rows."""
    content = yaml.safe_load(EXPECTED.read_text())
    rows = [
        Row(one["from"], one["to"], one["port"], one.get("protocol", "tcp"), one["expected"], one.get("by", ""))
        for one in content["connections"]
    ]
    return content["pods"], rows


@contextmanager
def opened(twin: Twin) -> Iterator[Shop]:
    """The pods and the servers, gone afterwards."""
    pods, rows = table()
    namespaces = sorted({name.partition("/")[0] for name in pods})
    with ExitStack() as stack:
        for address in OUTSIDE:
            stack.enter_context(_address(twin, address))
            stack.enter_context(server(twin, address))
        stack.callback(
            twin.ssh, NODE_OF_NO_POD, f"{KUBECTL} delete namespace --ignore-not-found {' '.join(namespaces)}"
        )
        manifest = yaml.safe_dump_all([*map(_namespace, namespaces), *_pods(twin, pods)])
        twin.ssh(NODE_OF_NO_POD, f"{KUBECTL} apply -f - > /dev/null", stdin=manifest)
        for namespace in namespaces:
            twin.ssh(NODE_OF_NO_POD, f"{KUBECTL} -n {namespace} wait --for=condition=Ready pods --all --timeout=120s")
        row = '{.metadata.namespace}/{.metadata.name} {.status.podIP}{"\\n"}'
        lines = [
            line.split()
            for namespace, chosen in [*((one, "") for one in namespaces), ("kube-system", "-l k8s-app=kube-dns")]
            for line in twin.ssh(
                NODE_OF_NO_POD,
                f"{KUBECTL} -n {namespace} get pods {chosen} -o jsonpath='{{range .items[*]}}{row}{{end}}'",
            ).splitlines()
        ]
        addresses = dict(lines)
        dns = next(name for name in addresses if name.startswith("kube-system/"))
        node = twin.ssh(
            NODE_OF_NO_POD, f"{KUBECTL} get node {NODE_OF_NO_POD} -o jsonpath='{{.status.addresses[0].address}}'"
        )
        known = {**addresses, "dns": addresses[dns], NODE_OF_NO_POD: node, **{one: one for one in OUTSIDE}}
        yield Shop(twin, rows, known, dns)


@contextmanager
def _address(twin: Twin, address: str) -> Iterator[None]:
    """An address of the bridge's own namespace, which is where the hosts' default route leads."""
    network = ["ip", "-n", f"kubestead-{twin.name}"]
    subprocess.run([*network, "link", "set", "lo", "up"], check=True)
    subprocess.run([*network, "address", "replace", f"{address}/32", "dev", "lo"], check=True)
    try:
        yield
    finally:
        subprocess.run([*network, "address", "del", f"{address}/32", "dev", "lo"], check=True)


@contextmanager
def server(twin: Twin, address: str, port: int = OUTSIDE_PORT) -> Iterator[None]:
    """Something that takes connections at an address outside the cluster."""
    code = (
        f"import socket; server = socket.create_server(({address!r}, {port}), backlog=50); print(flush=True)\n"
        "while True: server.accept()[0].close()"
    )
    with inside_network(twin):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    try:
        assert process.stdout
        assert process.stdout.readline() == b"\n"
        yield
    finally:
        process.kill()
        process.wait()


def _namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _pods(twin: Twin, pods: dict[str, dict[str, str]]) -> Iterator[dict[str, Any]]:
    """One after the other on the two workers, so that connections go across nodes and stay on one."""
    catalog = yaml.safe_load(Path(twin.status()["mirror"]["folder"], "catalog.yaml").read_text())
    image = f"{AGNHOST}@sha256:{catalog['images'][AGNHOST]['sha256']}"
    workers = [host["node"] for host in twin.status()["hosts"] if host["node"] != NODE_OF_NO_POD]
    for number, (name, labels) in enumerate(pods.items()):
        namespace, _, pod = name.partition("/")
        containers = [_serving("http", image, 8080, 8081), _serving("metrics", image, 9001, -1)]
        spec = {
            "nodeName": workers[number % len(workers)], "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False, "containers": containers,
        }  # fmt: skip
        metadata = {"name": pod, "namespace": namespace, "labels": labels}
        yield {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _serving(name: str, image: str, tcp: int, udp: int) -> dict[str, Any]:
    ready = {"httpGet": {"path": "/hostname", "port": tcp}, "periodSeconds": 1}
    args = ["netexec", f"--http-port={tcp}", f"--udp-port={udp}"]
    return {"name": name, "image": image, "args": args, "readinessProbe": ready}


def settled(twin: Twin) -> None:
    """Wait until the agents enforce what they were told: every endpoint has the newest revision of the policies."""
    eventually(lambda: all(_enforces(twin, agent) for agent in _agents(twin)), seconds=60)


def _agents(twin: Twin) -> list[str]:
    return twin.ssh(NODE_OF_NO_POD, f"{KUBECTL} -n kube-system get pods -l k8s-app=cilium -o name").split()


def _enforces(twin: Twin, agent: str) -> bool:
    questions = "cilium-dbg policy get --output json && echo ---- && cilium-dbg endpoint list --output json"
    exec_ = f"{KUBECTL} -n kube-system exec {agent} -c cilium-agent -- sh -c {quote(questions)}"
    told, endpoints = map(json.loads, twin.ssh(NODE_OF_NO_POD, exec_).split("----"))
    realized = [one["status"]["policy"]["realized"].get("policy-revision", 0) for one in endpoints]
    return min(realized) >= int(told["revision"])
