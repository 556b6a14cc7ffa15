"""Facts about Helm releases."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass, field
from typing import Any

from pyinfra.api import FactBase, QuoteString, StringCommand

from kubestead.facts.localapi import ask_directly

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
        secrets = f"/api/v1/namespaces/{namespace}/secrets?labelSelector=owner%3Dhelm%2Cname%3D{release}"
        return StringCommand(
            "[ -e /etc/kubernetes/admin.conf ] || exit 0;",
            "metadata=$(", HELM, "get metadata", *where, ") && values=$(", HELM, "get values", *where, ") &&",
            """{ printf '%s' "$metadata" | tr -d '\\n'; echo; printf '%s' "$values" | tr -d '\\n'; } ||""",
            # Helm's own record, as the API has it: half a megabyte, and wanted only where Helm cannot be asked.
            ask_directly(secrets), "|| true",
        )  # fmt: skip

    def process(self, output: list[str]) -> Release | None:
        text = "\n".join(output)
        if text.startswith(('{"kind":"SecretList"', '{\n  "kind": "SecretList"')):
            return _recorded(json.loads(text)["items"])
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


def _recorded(secrets: list[dict[str, Any]]) -> Release | None:
    """The newest of Helm's records: JSON, compressed, in base64, and that in the Secret's base64."""
    if not secrets:
        return None
    newest = max(secrets, key=lambda secret: int(secret["metadata"]["labels"]["version"]))
    record = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(newest["data"]["release"]))))
    return Release(
        chart_version=record["chart"]["metadata"]["version"],
        status=record["info"]["status"],
        revision=int(record["version"]),
        values=record.get("config") or {},
    )
