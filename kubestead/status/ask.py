"""Asking the API, servers for their certificates, and records here. Whatever fails is named, not fatal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from kubestead.errors import Finding, KubesteadError
from kubestead.health import findings, node_findings
from kubestead.status import certificates, objects
from kubestead.status.local import last_recovery, last_run, recovery_in_cluster
from kubestead.status.model import Certificate, NodeStatus, Status
from kubestead.watch.api import NODES, Api, Unanswered, read_kubeconfig, said

APPS = "/apis/apps/v1/namespaces/kube-system"
CORE = "/api/v1/namespaces/kube-system"
CILIUM_NODES = "/apis/cilium.io/v2/ciliumnodes"
# Each is one request to a kubelet through the API server.
MOST_KUBELETS, _AT_ONCE, _KUBELET_LIMIT = 20, 8, (2.0, 5.0)
# Certificates of kubeadm's last a year, and the API server's own is among those an upgrade renews.
WARN_DAYS = 14
_T = TypeVar("_T")


class Asker:
    """Asks for one part after the other; a part that fails is remembered with the reason."""

    def __init__(self, kubeconfig: Path, runs: Path, audit: Path) -> None:
        self._kubeconfig, self._runs, self._audit = kubeconfig, runs, audit
        self.unknown: dict[str, str] = {}

    def status(self) -> Status:
        """Everything that can be known now."""
        run = self._part("last run", lambda: last_run(self._runs))
        status = Status(server=str(self._kubeconfig), last_run=run and run[0])
        try:
            configuration = read_kubeconfig(self._kubeconfig)
        except KubesteadError as error:
            self.unknown["cluster"] = str(error)
            silent = Finding("cluster", "cannot be asked", str(error))
            recovery = self._part("last recovery", lambda: last_recovery(self._audit))
            return replace(status, last_recovery=recovery, findings=(silent,), unknown=self.unknown)
        api, now = Api(configuration), time.time()
        status = replace(status, server=str(configuration.host))
        shown = self._part("API server's certificate", lambda: [certificates.of_server(status.server, now)]) or []
        kept = self._part("kubeconfig's certificates", lambda: certificates.of_kubeconfig(configuration, now)) or []
        status = replace(status, certificates=(*shown, *kept))
        status = self._cluster(api, status, run[1] if run else ())
        recovery = self._part("last recovery", lambda: recovery_in_cluster(api) or last_recovery(self._audit))
        late = _certificate_findings(status.certificates)
        return replace(status, last_recovery=recovery, findings=(*status.findings, *late), unknown=self.unknown)

    def _cluster(self, api: Api, status: Status, recorded: Iterable[str]) -> Status:
        version = self._part("version", lambda: str(api.get("/version")["gitVersion"]))
        items = self._part("nodes", lambda: _items(api, NODES))
        if items is None:
            why = self.unknown["nodes"]
            fix = "on the control plane: sudo journalctl -u kubelet -n 50; kubestead doctor says more"
            return replace(
                status, version=version, findings=(Finding("control plane", f"does not answer ({why})", fix),)
            )
        networks = self._part("pod networks", lambda: objects.pod_networks(_items(api, CILIUM_NODES))) or {}
        nodes = self._with_days(
            api, [objects.node_status(one, networks.get(one["metadata"]["name"], ())) for one in items]
        )
        sets = self._part(
            "workloads", lambda: [_items(api, f"{APPS}/{kind}") for kind in ("daemonsets", "deployments")]
        )
        pods = self._part("pods", lambda: _items(api, f"{CORE}/pods"))
        workloads = [*map(objects.daemon_set, sets[0]), *map(objects.deployment, sets[1])] if sets else []
        names = expected(recorded, [node.name for node in nodes])
        found = [
            # Of workloads that cannot be asked nobody may say that they are missing.
            *(findings if sets else node_findings)(objects.cluster_state(nodes, workloads, pods or []), names),
            *[_unasked(self.unknown[what], what) for what in ("workloads", "pods") if what in self.unknown],
            *[_pressure(node, kind) for node in nodes for kind in node.conditions],
        ]
        network = None
        if sets:
            agent = next((one for one in sets[0] if one["metadata"]["name"] == "cilium"), {})
            network = self._part(
                "Cilium", lambda: objects.network(api.get(f"{CORE}/configmaps/cilium-config"), workloads, agent)
            )
        return replace(status, version=version, nodes=tuple(nodes), network=network, findings=tuple(found))

    def _with_days(self, api: Api, nodes: list[NodeStatus]) -> list[NodeStatus]:
        """With the days left of each kubelet's certificate."""
        if len(nodes) > MOST_KUBELETS:
            self.unknown["kubelets' certificates"] = f"not asked: more than {MOST_KUBELETS} nodes"
            return nodes

        def days(node: NodeStatus) -> NodeStatus:
            def ask() -> float | None:
                answer = api.open("GET", f"{NODES}/{node.name}/proxy/metrics", {}, None, _KUBELET_LIMIT)
                return certificates.kubelet_days(answer.data.decode())

            return replace(node, certificate_days=self._part(f"{node.name}'s kubelet certificate", ask))

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(days, nodes))

    def _part(self, name: str, ask: Callable[[], _T]) -> _T | None:
        try:
            return ask()
        except KubesteadError as error:
            self.unknown[name] = str(error)
        # KeyError and TypeError: an answer that is not of its form, as a proxy's may be.
        except (*Unanswered, KeyError, TypeError, AttributeError) as error:
            self.unknown[name] = said(error)
        return None


def expected(recorded: Iterable[str], present: Iterable[str]) -> list[str]:
    """The nodes that must be there: those of the last run, where that was about this cluster, and those that are."""
    here = list(present)
    known = list(recorded)
    return list(dict.fromkeys([*known, *here])) if set(known) & set(here) else here


def _items(api: Api, path: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = api.get(path)["items"]
    return found


def _unasked(why: str, what: str) -> Finding:
    fix = "see whether the kubeconfig may list them in kube-system, and try again"
    return Finding(f"kube-system: {what}", f"cannot be asked, so nobody knows whether they are well ({why})", fix)


def _pressure(node: NodeStatus, kind: str) -> Finding:
    return Finding(node.name, f"has the condition {kind}", f"kubestead doctor {node.name}")


def _certificate_findings(found: Iterable[Certificate]) -> list[Finding]:
    fix = "on each control plane: sudo kubeadm certs renew all, and restart its static pods"
    return [
        Finding(f"certificate of the {one.name}", f"ends in {one.days:.0f} days" if one.days > 0 else "has ended", fix)
        for one in found
        if one.days < WARN_DAYS
    ]
