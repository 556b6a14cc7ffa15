"""Facts about objects of the cluster, asked on a control plane: what is applied, what is there, tokens."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand

from kubestead.health import KUBECTL


class ManifestApplied(FactBase[bool | None]):
    """Whether the cluster is as ``manifest`` (YAML) says; None when the API could not tell."""

    @staticmethod
    def default() -> None:
        return None

    def command(self, manifest: str) -> StringCommand:
        return StringCommand(
            "printf %s", QuoteString(manifest), "|", KUBECTL, "diff --filename=- > /dev/null 2>&1;", "echo $?"
        )

    def process(self, output: list[str]) -> bool | None:
        # kubectl-diff(1): 0 no differences, 1 differences, above that an error.
        return {"0": True, "1": False}.get(output[-1].strip())


class NamedObjects(FactBase[tuple[str, ...]]):
    """What there is of ``names`` (``lease/x``) in ``namespace``, and of service accounts and rights with ``label``."""

    default = tuple

    def command(self, namespace: str, label: str, names: tuple[str, ...]) -> StringCommand:
        return StringCommand(
            KUBECTL, "get serviceaccounts,secrets,roles,rolebindings,clusterroles,clusterrolebindings --all-namespaces",
            "--selector", QuoteString(label), "--output=name 2>/dev/null;",
            KUBECTL, "--namespace", QuoteString(namespace), "get", *map(QuoteString, names),
            "--ignore-not-found --output=name 2>/dev/null; true",
        )  # fmt: skip

    def process(self, output: list[str]) -> tuple[str, ...]:
        return tuple(line for line in output if line)


@dataclass(frozen=True)
class ServiceAccountToken:
    """A service account's token as text and the cluster's CA certificate, PEM in base64."""

    token: str
    certificate_authority: str


class ServiceAccountTokens(FactBase[Mapping[str, ServiceAccountToken]]):
    """The tokens in the Secrets of ``namespace`` that have ``label``, by the Secret's name; asked on a control plane.

    A Secret whose token has not been signed yet is left out.
    """

    default = dict

    def command(self, namespace: str, label: str) -> StringCommand:
        return StringCommand(
            KUBECTL, "--namespace", QuoteString(namespace), "get secrets --selector", QuoteString(label),
            "--output=json 2>/dev/null || true",
        )  # fmt: skip

    def process(self, output: list[str]) -> dict[str, ServiceAccountToken]:
        text = "\n".join(output).strip()
        found = {}
        for item in json.loads(text)["items"] if text else []:
            data = item.get("data") or {}
            if "token" in data and "ca.crt" in data:
                token = b64decode(data["token"]).decode()
                found[item["metadata"]["name"]] = ServiceAccountToken(token, data["ca.crt"])
        return found


class LeaseHolder(FactBase[tuple[str, str] | None]):
    """Who holds the Lease ``lease`` of ``namespace``, and when it was renewed, as it stands there; None: nobody."""

    @staticmethod
    def default() -> None:
        return None

    def command(self, namespace: str, lease: str) -> StringCommand:
        return StringCommand(
            KUBECTL, "--namespace", QuoteString(namespace), "get lease", QuoteString(lease), "--ignore-not-found",
            "--output=jsonpath='{.spec.holderIdentity} {.spec.renewTime}' 2>/dev/null || true",
        )  # fmt: skip

    def process(self, output: list[str]) -> tuple[str, str] | None:
        holder, _, renewed = output[-1].partition(" ")
        return (holder, renewed) if holder else None
