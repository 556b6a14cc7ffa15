"""The cluster's objects a diagnosis looks at, asked of the API on a control plane in one round trip."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyinfra.api import FactBase

from kubestead.diagnose.api import ApiObjects

SCRIPT = Path(__file__).with_name("api_view.sh")


@dataclass(frozen=True)
class ApiAnswer:
    """The objects, None where the API gave no answer; then ``trouble`` says what it, or kubectl, said instead.

    ``asked`` is the asking host's clock, seconds since 1970; None where the host itself could not be asked.
    """

    objects: ApiObjects | None = None
    asked: float | None = None
    trouble: str = ""


class ClusterObjects(FactBase[ApiAnswer]):
    """Nodes, their leases, Cilium's pods, pods being deleted, and the cluster's own address and CA."""

    default = ApiAnswer

    def command(self) -> str:
        return SCRIPT.read_text()

    def process(self, output: list[str]) -> ApiAnswer:
        rows = [line.partition("\t") for line in output]
        said = {key: value for key, _, value in rows if key != "trouble"}
        # All were asked at once and mostly fail alike; one word of it is enough.
        troubles = [value.partition(": ")[2] for key, _, value in rows if key == "trouble"]
        trouble = max(troubles, key=len, default="") or ("no answer in its time" if troubles else "")
        asked = float(said["asked"]) if said.get("asked") else None
        nodes, leases = _items(said.get("nodes")), _items(said.get("leases"))
        if asked is None or nodes is None or leases is None:
            return ApiAnswer(None, asked, trouble)
        # The template leaves a comma after each of them.
        deleted = _json(f"[{said['deleted']}]") if "deleted" in said else []
        ciliums = _items(said.get("pods"))
        pods = None if ciliums is None else [*ciliums, *(pod for pod in deleted or [] if pod)]
        return ApiAnswer(ApiObjects(asked, nodes, leases, pods, _json(said.get("cluster_info"))), asked, trouble)


def _items(text: str | None) -> list[Mapping[str, Any]] | None:
    data = _json(text)
    return list(data.get("items") or []) if isinstance(data, dict) else None


def _json(text: str | None) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None
