"""Asking the agents of a connection's two ends about it, through the API."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kubernetes.client.exceptions import ApiException

from kubestead.cilium.agentpolicy import Answers, Peer
from kubestead.cilium.labels import Label
from kubestead.cilium.policywhy import Connection, Side, explain
from kubestead.errors import KubesteadError
from kubestead.status.podexec import pod_exec
from kubestead.watch.api import NODES, Api, Unanswered, read_kubeconfig, said

WORLD = "world"
# reserved:world (pkg/identity/numericidentity.go): an address that no rule names.
WORLD_IDENTITY = 2
SYSTEM = "/api/v1/namespaces/kube-system/pods"
_IDENTITY = re.compile(r"identity=(\d+)")
_MARK = "---- kubestead"
_QUESTIONS = (
    "cilium-dbg endpoint get {id} --output json",
    "cilium-dbg bpf policy get {id} --output json",
    "cilium-dbg policy selectors --output json",
    "cilium-dbg policy get --output json",
)


def _parts(name: str) -> tuple[str, str]:
    """Namespace and name of a pod, safe in a path."""
    namespace, _, own = name.partition("/")
    return quote(namespace, safe=""), quote(own, safe="")


@dataclass(frozen=True)
class Pod:
    """A pod with a policy of its own: its node, its endpoint's number there, its identity."""

    name: str
    node: str
    endpoint: int
    peer: Peer


class Asker:
    """Asks about connections.

    Args:
        kubeconfig: how the API is reached.
    """

    def __init__(self, kubeconfig: Path) -> None:
        self._configuration = read_kubeconfig(kubeconfig)
        self._api = Api(self._configuration)
        self._agents: dict[str, str] = {}
        self._answers: dict[str, Answers] = {}

    def why(self, source: str, target: str, protocol: str, port: int) -> Connection:
        """What both ends say of a connection.

        Args:
            source, target: ``namespace/pod``, an address, a node, ``world``; the target also a DNS name.
            protocol: ``tcp``, ``udp`` or ``sctp``.
            port: of the target; a pod's own, not a service's.

        Raises:
            KubesteadError: an end is not known, no end is a pod, or somebody could not be asked.
        """
        try:
            return self._why(source, target, protocol, port)
        except Unanswered as error:
            raise KubesteadError(f"the API could not be asked: {said(error)}") from None
        except (KeyError, TypeError, IndexError) as error:
            raise KubesteadError(f"an agent's answer has another form than Cilium 1.18's ({error!r})") from None

    def _why(self, source: str, target: str, protocol: str, port: int) -> Connection:
        pods = {name: self._pod(name) for name in (source, target) if "/" in name}
        ends = [pods.get(name) for name in (source, target)]
        seen_from = next((one.node for one in ends if one), None)
        if seen_from is None:
            raise KubesteadError("none of the two is a pod with a policy of its own; name one as namespace/pod")
        peers = [pod.peer if pod else self._outside(name, seen_from, ends[0])
                 for name, pod in zip((source, target), ends, strict=True)]  # fmt: skip
        sides: list[Side] = []
        for direction, pod, peer in (("egress", ends[0], peers[1]), ("ingress", ends[1], peers[0])):
            if pod:
                answers = self._of(pod)
                sides.append(explain(direction, pod.name, answers, peer, protocol, port))
        return Connection(peers[0], peers[1], protocol, port, tuple(sides))

    def _pod(self, name: str) -> Pod | None:
        """The pod, or None for one on its node's own network: then its node's address is what policies see."""
        namespace, own = _parts(name)
        found = self._get(f"/api/v1/namespaces/{namespace}/pods/{own}", f"there is no pod {name}")
        if (found["spec"] or {}).get("hostNetwork"):
            return None
        asked = f"/apis/cilium.io/v2/namespaces/{namespace}/ciliumendpoints/{own}"
        status = self._get(asked, f"{name} has no endpoint of Cilium (yet)").get("status") or {}
        if not status.get("identity"):
            raise KubesteadError(f"{name} has no identity yet; see: kubectl --namespace {namespace} get pod {own}")
        labels = tuple(Label.parse(text) for text in status["identity"].get("labels") or ())
        return Pod(
            name, found["spec"]["nodeName"], int(status["id"]), Peer(name, int(status["identity"]["id"]), labels)
        )

    def _outside(self, name: str, node: str, asking: Pod | None) -> Peer:
        """An end that is no pod, with the identity the agent of ``node`` gives it."""
        if name == WORLD:
            return self._peer(name, WORLD_IDENTITY, node)
        return self._peer(name, self._identity(self._address(name, node, asking), node), node)

    def _address(self, name: str, node: str, asking: Pod | None) -> str:
        try:
            return str(ipaddress.ip_address(name))
        except ValueError:
            pass
        if "/" in name:
            namespace, own = _parts(name)
            return str(self._api.get(f"/api/v1/namespaces/{namespace}/pods/{own}")["status"]["hostIP"])
        try:
            addresses = self._api.get(f"{NODES}/{quote(name, safe='')}")["status"]["addresses"]
        except ApiException as error:
            if error.status != 404:
                raise
            return self._named(name, node, asking)
        return str({one["type"]: one["address"] for one in addresses}["InternalIP"])

    def _named(self, name: str, node: str, asking: Pod | None) -> str:
        """The address a pod was told for a DNS name, as its agent has seen it."""
        if "." not in name or asking is None:
            raise KubesteadError(f"{name} is no node and no address; name a pod as namespace/pod")
        known = json.loads(self._run(node, f"cilium-dbg fqdn cache list --endpoint {asking.endpoint} --output json"))
        own = [one for one in known or () if str(one.get("fqdn", "")).rstrip(".") == name.rstrip(".").lower()]
        if not own:
            reason = "has not seen the pod ask for it: its questions go past the DNS proxy, or it has not asked"
            raise KubesteadError(f"{name}: the agent of {asking.name} {reason}; name an address")
        return str(own[-1]["ips"][0])

    def _identity(self, address: str, node: str) -> int:
        found = _IDENTITY.search(self._run(node, f"cilium-dbg bpf ipcache get {address} || true"))
        return int(found[1]) if found else WORLD_IDENTITY

    def _peer(self, name: str, identity: int, node: str) -> Peer:
        (found,) = json.loads(self._run(node, f"cilium-dbg identity get {identity} --output json"))
        return Peer(name, identity, tuple(Label.parse(text) for text in found.get("labels") or ()))

    def _of(self, pod: Pod) -> Answers:
        """All the agent says of a pod, asked once."""
        if pod.name not in self._answers:
            script = f"; echo '{_MARK}'; ".join(question.format(id=pod.endpoint) for question in _QUESTIONS)
            told = [json.loads(part) for part in self._run(pod.node, f"set -e; {script}").split(_MARK)]
            rules = json.loads(told[3]["policy"])
            self._answers[pod.name] = Answers(told[0][0], told[1], told[2], rules)
        return self._answers[pod.name]

    def _run(self, node: str, script: str) -> str:
        if not self._agents:
            pods = self._api.get(SYSTEM, labelSelector="k8s-app=cilium")["items"]
            self._agents = {one["spec"]["nodeName"]: one["metadata"]["name"] for one in pods}
        if node not in self._agents:
            raise KubesteadError(f"no Cilium agent on {node}; see: kubestead status")
        argv = ["sh", "-c", script]
        return pod_exec(self._configuration, "kube-system", self._agents[node], "cilium-agent", argv)

    def _get(self, path: str, missing: str) -> Mapping[str, Any]:
        try:
            found: Mapping[str, Any] = self._api.get(path)
        except ApiException as error:
            if error.status == 404:
                raise KubesteadError(missing) from None
            raise
        return found
