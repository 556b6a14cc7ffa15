"""Facts about the key of Cilium's IPsec, asked on a control plane. The key itself does not leave the host."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from pyinfra.api import FactBase

from kubestead.cilium.ipseckey import NAMESPACE, SECRET, KeySeen, KeysInUse
from kubestead.health import KUBECTL, rows_of

_ASK = f"{KUBECTL} --request-timeout=10s"
# A field that is missing leaves an empty word, hence the dots.
_WORDS = """{print NR, NF, $1 ".", $2 ".", ($3 ~ /^(0x)?[0-9a-fA-F]+$/) ? length($3) - 2 * ($3 ~ /^0x/) : 0, $4 "."}"""


@dataclass(frozen=True)
class IpsecSecret:
    """What the API says: the key's form, or None where there is no such Secret."""

    key: KeySeen | None = None


class IpsecKey(FactBase[IpsecSecret | None]):
    """The form of the key in the Secret; None where the API does not answer.

    The command takes the Secret apart on the host and prints how long the key is, never the key.
    """

    @staticmethod
    def default() -> None:
        return None

    def command(self) -> str:
        return (
            f"s=$({_ASK} --namespace {NAMESPACE} get secret {SECRET} --ignore-not-found "
            "--output=jsonpath='{.metadata.resourceVersion} {.data.keys}' 2>/dev/null) && "
            """{ [ -z "$s" ] || { echo "version ${s%% *}"; printf %s "${s#* }" | base64 -d 2>/dev/null | """
            f"awk '{_WORDS}'; }}; echo answered; }}; true"
        )

    def process(self, output: list[str]) -> IpsecSecret | None:
        if output[-1:] != ["answered"]:
            return None
        if len(output) == 1:
            return IpsecSecret()
        version = output[0].removeprefix("version ")
        rows = [line.split() for line in output[1:-1]]
        if not rows:
            return IpsecSecret(KeySeen(version))
        _, fields, number, algorithm, digits, bits = rows[-1]
        number, algorithm, bits = (word.removesuffix(".") for word in (number, algorithm, bits))
        return IpsecSecret(KeySeen(version, len(rows), int(fields), number, algorithm, int(digits), bits))


class IpsecKeysInUse(FactBase[KeysInUse | None]):
    """The key every node's agent says it encrypts with; None where the API does not answer.

    An agent writes its key's number into its CiliumNode, which the other agents go by (pkg/node/types/node.go).
    """

    @staticmethod
    def default() -> None:
        return None

    def command(self) -> str:
        rows = shlex.quote(rows_of((".metadata.name", ".spec.encryption.key")))
        return (
            f"on=$({_ASK} --namespace {NAMESPACE} get configmap cilium-config --ignore-not-found "
            "--output=jsonpath='{.data.enable-ipsec}' 2>/dev/null) && "
            f"nodes=$({_ASK} get ciliumnodes --output={rows} 2>/dev/null) && "
            """{ echo "on $on"; [ -z "$nodes" ] || printf '%s\\n' "$nodes"; echo answered; }; true"""
        )

    def process(self, output: list[str]) -> KeysInUse | None:
        if output[-1:] != ["answered"]:
            return None
        rows = (line.partition("\t") for line in output[1:-1])
        numbers = {node: int(number) if number.isdigit() else 0 for node, _, number in rows}
        return KeysInUse(output[0] == "on true", numbers)
