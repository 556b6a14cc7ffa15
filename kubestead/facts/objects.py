"""Facts about the objects kubestead applied to the cluster, asked on a control plane."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyinfra.api import FactBase, QuoteString, StringCommand

from kubestead.health import KUBECTL
from kubestead.manifests import OWNER

SECRETS = "secrets"
_ASK = f"{KUBECTL} --request-timeout=10s"


@dataclass(frozen=True)
class Owned:
    """The kinds the API knows of those that were asked for, and the owner's objects of them, Secrets without data."""

    kinds: tuple[str, ...] = ()
    objects: tuple[dict[str, Any], ...] = ()


class OwnedObjects(FactBase[Owned | None]):
    """The objects of ``kinds`` that carry the label of ``owner``; None where the API does not answer.

    Args:
        owner: the label's value.
        kinds: as ``kubectl api-resources --output=name`` has them: ``ciliumnetworkpolicies.cilium.io``. Kinds the API
            does not know are passed over: some come only with a setting of Cilium's.
    """

    @staticmethod
    def default() -> None:
        return None

    def command(self, owner: str, kinds: tuple[str, ...]) -> StringCommand:
        own = ("--all-namespaces --selector", QuoteString(f"{OWNER}={owner}"), "--show-managed-fields")
        # Of Secrets only who they are: what they hold goes nowhere.
        rows = """--output=jsonpath='{range .items[*]}{.metadata}{"\\n"}{end}' 2>/dev/null"""
        secrets = (f"{_ASK} get {SECRETS}", *own, rows)
        return StringCommand(
            f"known=$({_ASK} api-resources --output=name 2>/dev/null); there=; objects=;",
            "for kind in", *(QuoteString(kind) for kind in kinds if kind != SECRETS), "; do",
            """printf '%s\\n' "$known" | grep -qxF "$kind" || continue;""",
            """echo "kind $kind"; there="${there:+$there,}$kind"; done;""",
            f"""[ -n "$known" ] && {{ [ -z "$there" ] || objects=$({_ASK} get "$there\"""", *own,
            """--output=json 2>/dev/null); } && { printf '%s' "$objects" | tr -d '\\n'; echo; } &&""",
            *((*secrets, "&&") if SECRETS in kinds else ()), "echo answered || true",
        )  # fmt: skip

    def process(self, output: list[str]) -> Owned | None:
        if output[-1:] != ["answered"]:
            return None
        kinds = tuple(line.removeprefix("kind ") for line in output if line.startswith("kind "))
        objects: list[dict[str, Any]] = []
        for told in (json.loads(line) for line in output if line.startswith("{")):
            objects += told.get("items", [{"apiVersion": "v1", "kind": "Secret", "metadata": told}])
        return Owned(kinds, tuple(objects))


class SecretHolds(FactBase[bool]):
    """Whether the Secret ``secret`` of ``namespace`` holds exactly the data given by ``_stdin`` (:func:`as_printed`).

    It is compared on the host: a password is on no command line, and in nobody's output.
    """

    @staticmethod
    def default() -> bool:
        return False

    def command(self, namespace: str, secret: str) -> StringCommand:
        return StringCommand(
            f'wanted=$(cat); [ "$wanted" = "$({_ASK} --namespace', QuoteString(namespace), "get secret",
            QuoteString(secret), """--output=jsonpath='{.data}' 2>/dev/null)" ] && echo same || echo other""",
        )  # fmt: skip

    def process(self, output: list[str]) -> bool:
        return output[-1:] == ["same"]


class Concealed(list[str]):
    """Lines for ``_stdin`` of a fact: pyinfra prints it with the others, and then it is a number of this run's."""

    def __repr__(self) -> str:
        return f"*MASKED* {hash(tuple(self)):x}"

    __str__ = __repr__


def as_printed(data: Mapping[str, str]) -> Concealed:
    """A Secret's ``data`` as kubectl prints it, keys in order, no spaces: ``_stdin`` of :class:`SecretHolds`."""
    return Concealed([json.dumps(dict(data), sort_keys=True, separators=(",", ":"))])
