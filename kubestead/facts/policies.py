"""Facts about network policies, asked of the API on a control plane: what there is, and what would be."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pyinfra.api import FactBase, QuoteString, StringCommand

from kubestead.cilium.crdschema import Schema, schema_of
from kubestead.cilium.hostfirewall import Firewall
from kubestead.cilium.nodeneeds import Settings
from kubestead.cilium.policy import CCNP, CILIUM, RESOURCES, VERSIONS, Object
from kubestead.cilium.policyset import LABEL, Cluster
from kubestead.health import KUBECTL

# A single argument of a command may not be longer than 128 KiB on Linux; the rest is for quoting.
MOST_BYTES = 100_000
_ASK = f"{KUBECTL} --request-timeout=20s"
# What gzip writes first, in base64.
_GZIP = "H4sI"
_OURS = {kind: RESOURCES[kind] for kind, version in VERSIONS.items() if version == CILIUM}


def packed(text: str) -> str:
    """A text for a command line: policies are much alike, and come to a tenth."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _unpacked(line: str) -> str:
    return gzip.decompress(base64.b64decode(line)).decode()


class PolicyCluster(FactBase[Cluster]):
    """What decides whether the policies of ``manifest`` (YAML) may be applied as the set ``set_name``.

    Cilium's schemas are half a megabyte of JSON each, so every answer comes packed.
    """

    default = Cluster

    def command(self, manifest: str, set_name: str) -> StringCommand:
        selector = f"{LABEL}={set_name}"
        return StringCommand(
            "say() { printf '%s\\t' \"$1\"; shift; \"$@\" 2>/dev/null | gzip | base64 -w 0; echo; };",
            "say crds", _ASK, "get customresourcedefinitions --output=json", *map(QuoteString, _OURS.values()), ";",
            "say namespaces", _ASK, "get namespaces --output=name;",
            "say config", _ASK, "--namespace kube-system get configmap cilium-config --output=json;",
            "say owned", _ASK, "get --all-namespaces --output=json --selector", QuoteString(selector),
            QuoteString(",".join(RESOURCES.values())), ";",
            "say nodes", _ASK, "get nodes --output=json;",
            "say clusterwide", _ASK, "get --output=json", QuoteString(RESOURCES[CCNP]), ";",
            "printf %s", QuoteString(packed(manifest)), "| base64 -d | gunzip |",
            "say named", _ASK, "get --filename=- --ignore-not-found --output=json",
        )  # fmt: skip

    def process(self, output: list[str]) -> Cluster:
        answers = {key: _unpacked(value) for key, _, value in (line.partition("\t") for line in output) if value}
        settings = (_json(answers.get("config")) or {}).get("data") or {}
        namespaces = (line.removeprefix("namespace/") for line in answers.get("namespaces", "").splitlines())
        return Cluster(
            schemas=_schemas(_items(answers.get("crds"))),
            namespaces=frozenset(namespaces),
            l7_proxy=settings.get("enable-l7-proxy") == "true",
            envoy=settings.get("external-envoy-proxy") == "true",
            owned=tuple(_items(answers.get("owned"))),
            named=tuple(_items(answers.get("named"))),
            firewall=Firewall.of(
                Settings.of(settings), _items(answers.get("nodes")), _items(answers.get("clusterwide"))
            ),
        )


def _schemas(crds: list[Object]) -> dict[str, Schema]:
    version = CILIUM.rpartition("/")[2]
    found = {crd["spec"]["names"]["kind"]: schema_of(crd, version) for crd in crds}
    return {kind: schema for kind, schema in found.items() if schema}


@dataclass(frozen=True)
class DryRun:
    """What the API server says to objects: as they would be, or, where it refuses any, its words."""

    objects: tuple[Object, ...] = ()
    refused: tuple[str, ...] = ()


class PolicyDryRun(FactBase[DryRun]):
    """The objects of ``manifest`` as a server-side apply would leave them; nothing is written."""

    default = DryRun

    def command(self, manifest: str) -> StringCommand:
        return StringCommand(
            "{ printf %s", QuoteString(packed(manifest)), "| base64 -d | gunzip |", apply("--dry-run=server"),
            "--output=json | gzip | base64 -w 0; echo; } 2>&1",
        )  # fmt: skip

    def process(self, output: list[str]) -> DryRun:
        answer = next((line for line in output if line.startswith(_GZIP)), None)
        objects = tuple(_items(_unpacked(answer))) if answer else ()
        # With objects there, the rest is warnings.
        said = () if objects else tuple(line for line in output if line.strip() and not line.startswith(_GZIP))
        return DryRun(objects, said)


def apply(*options: str) -> str:
    """The command that applies what it reads; unknown and doubled fields are errors, and what we wrote stays ours."""
    return " ".join(
        [_ASK, "apply --server-side --force-conflicts --field-manager=kubestead --validate=strict --filename=-",
         *options]
    )  # fmt: skip


class PolicyConditions(FactBase[Iterable[Object]]):
    """Cilium's policies with the label of the set ``set_name``, with what its operator says about each."""

    default = tuple

    def command(self, set_name: str) -> StringCommand:
        return StringCommand(
            _ASK, "get --all-namespaces --output=json --selector", QuoteString(f"{LABEL}={set_name}"),
            QuoteString(",".join([RESOURCES["CiliumNetworkPolicy"], RESOURCES["CiliumClusterwideNetworkPolicy"]])),
        )  # fmt: skip

    def process(self, output: list[str]) -> tuple[Object, ...]:
        return tuple(_items("\n".join(output)))


def _items(text: str | None) -> list[Object]:
    """The objects of an answer: a list's, or the only one; kubectl prints none at all where it found none."""
    found = _json(text)
    if not isinstance(found, dict):
        return []
    return list(found["items"]) if "items" in found else [found]


def _json(text: str | None) -> Any:
    try:
        return json.loads(text) if text and text.strip() else None
    except ValueError:
        return None
