"""A fact about what network policies need of a cluster, asked of the API on a control plane."""

from __future__ import annotations

from collections.abc import Iterable

from pyinfra.api import FactBase, QuoteString, StringCommand

from kubestead.cilium.crdschema import Schema, schema_of
from kubestead.cilium.hostfirewall import Firewall
from kubestead.cilium.nodeneeds import Settings
from kubestead.cilium.policy import CCNP, CILIUM, RESOURCES, VERSIONS, Object
from kubestead.cilium.policyset import Cluster
from kubestead.health import KUBECTL
from kubestead.manifests import items
from kubestead.packing import unpacked

_ASK = f"{KUBECTL} --request-timeout=20s"
_OURS = [RESOURCES[kind] for kind, version in VERSIONS.items() if version == CILIUM]


class PolicyCluster(FactBase[Cluster]):
    """What decides whether policies may be applied, whichever they are.

    Cilium's schemas are half a megabyte of JSON each, so every answer comes packed.
    """

    default = Cluster

    def command(self) -> StringCommand:
        return StringCommand(
            "say() { printf '%s\\t' \"$1\"; shift; \"$@\" 2>/dev/null | gzip | base64 -w 0; echo; };",
            "say crds", _ASK, "get customresourcedefinitions --output=json", *map(QuoteString, _OURS), ";",
            "say namespaces", _ASK, "get namespaces --output=name;",
            "say config", _ASK, "--namespace kube-system get configmap cilium-config --output=json;",
            "say starter", _ASK, "--namespace kube-system exec daemonset/cilium --container cilium-agent --",
            "sh -c", QuoteString("command -v cilium-envoy-starter || echo none"), "< /dev/null;",
            "say nodes", _ASK, "get nodes --output=json;",
            "say clusterwide", _ASK, "get --output=json", QuoteString(RESOURCES[CCNP]),
        )  # fmt: skip

    def process(self, output: list[str]) -> Cluster:
        answers = {key: unpacked(value) for key, _, value in (line.partition("\t") for line in output) if value}
        configs = items(answers.get("config", ""))
        settings = (configs[0].get("data") or {}) if configs else {}
        namespaces = (line.removeprefix("namespace/") for line in answers.get("namespaces", "").splitlines())
        return Cluster(
            schemas=_schemas(items(answers.get("crds", ""))),
            namespaces=frozenset(namespaces),
            l7_proxy=settings.get("enable-l7-proxy") == "true",
            envoy=settings.get("external-envoy-proxy") == "true" or _has_envoy(answers.get("starter", "")),
            firewall=Firewall.of(
                Settings.of(settings), items(answers.get("nodes", "")), items(answers.get("clusterwide", ""))
            ),
        )


def _has_envoy(starter: str) -> bool | None:
    """Whether the agents' image holds what starts an Envoy; None where no agent could be asked."""
    return None if not starter.strip() else starter.strip() != "none"


def _schemas(crds: Iterable[Object]) -> dict[str, Schema]:
    version = CILIUM.rpartition("/")[2]
    found = {crd["spec"]["names"]["kind"]: schema_of(crd, version) for crd in crds}
    return {kind: schema for kind, schema in found.items() if schema}
