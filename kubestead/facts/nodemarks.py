"""Facts about what nodes are marked with: labels and taints, of all nodes in one round trip."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from pyinfra.api import FactBase, QuoteString, StringCommand

from kubestead.facts.localapi import ask_directly
from kubestead.health import KUBECTL, rows_of


@dataclass(frozen=True)
class Marks:
    """A node's labels by key, and its taints as ``key=value:Effect``."""

    labels: dict[str, str] = field(default_factory=dict)
    taints: tuple[str, ...] = ()


class NodeMarks(FactBase[dict[str, Marks]]):
    """The marks of every node the API knows, by the node's name; empty while it does not answer."""

    default = dict

    def command(self) -> StringCommand:
        nodes = f"{KUBECTL} --request-timeout=10s get nodes --output"
        rows = QuoteString(rows_of((".metadata.name", ".metadata.labels", ".spec.taints")))
        return StringCommand(
            nodes, rows, "2>/dev/null ||", ask_directly("/api/v1/nodes"), "|| true",
        )  # fmt: skip

    def process(self, output: list[str]) -> dict[str, Marks]:
        if output and output[0].startswith("{"):
            nodes = json.loads("\n".join(output))["items"]
            return {
                node["metadata"]["name"]: _marks(node["metadata"].get("labels"), node["spec"].get("taints"))
                for node in nodes
            }
        rows = (line.split("\t") for line in output if line.count("\t") == 2)
        return {
            name: _marks(json.loads(labels or "null"), json.loads(taints or "null")) for name, labels, taints in rows
        }


def _marks(labels: dict[str, str] | None, taints: list[dict[str, str]] | None) -> Marks:
    return Marks(labels or {}, tuple(_text(taint) for taint in taints or ()))


def _text(taint: dict[str, str]) -> str:
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint['key']}{value}:{taint['effect']}"
