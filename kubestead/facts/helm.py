"""Facts about Helm releases."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from pyinfra.api import FactBase, QuoteString, StringCommand

HELM = "KUBECONFIG=/etc/kubernetes/admin.conf /usr/local/bin/helm"


@dataclass(frozen=True)
class Release:
    """A Helm release: chart version, status (``deployed``, ``pending-install`` ...), revision, the user's values."""

    chart_version: str
    status: str
    revision: int
    values: dict[str, Any] = field(default_factory=dict)


class HelmRelease(FactBase[Release | None]):
    """The release ``release`` in ``namespace``; None when there is none, or no cluster to ask."""

    @staticmethod
    def default() -> None:
        """No release."""
        return

    def command(self, release: str, namespace: str) -> StringCommand:
        where = (QuoteString(release), "--namespace", QuoteString(namespace), "--output=json 2>/dev/null")
        return StringCommand(
            "[ -x /usr/local/bin/helm ] && [ -e /etc/kubernetes/admin.conf ] || exit 0;",
            HELM, "get metadata", *where, "| tr -d '\\n'; echo;", HELM, "get values", *where, "| tr -d '\\n'; true",
        )  # fmt: skip

    def process(self, output: list[str]) -> Release | None:
        documents = [json.loads(line) for line in output if line.strip()]
        if len(documents) != 2:
            return None
        metadata, values = documents
        return Release(
            chart_version=metadata["version"],
            status=metadata["status"],
            revision=int(metadata["revision"]),
            values=values or {},
        )
