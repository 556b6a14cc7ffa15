"""The key of Cilium's IPsec: what is known of one without seeing it, what the next one is called, who uses it. Pure.

Sources: Cilium 1.18's page on IPsec; LoadIPSecKeys and parseSPI in pkg/datapath/linux/ipsec/ipsec_linux.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SECRET, NAMESPACE = "cilium-ipsec-keys", "kube-system"
# AES-GCM of 128 bits with RFC 4106's salt of four bytes, an integrity value of 128 bits, and its number, as the page
# of Cilium's gives them.
ALGORITHM, KEY_BYTES, CHECK_BITS, FIRST = "rfc4106(gcm(aes))", 20, 128, 3
HIGHEST = 15
OWN_FIELDS = 4
# Of an old key, once a new one is in use: the agents' ipsec-key-rotation-duration.
OLD_KEY_MINUTES = 5
_CHECK_BITS = (96, 128, 256)
_LEAST_FIELDS = 3


@dataclass(frozen=True)
class KeySeen:
    """A key as the host described it: all but the key itself.

    Args:
        version: the Secret's resourceVersion.
        lines: how many lines it has; agents take the last.
        fields: how many words that line has.
        number: its number (the SPI), as it is written: ``3+``.
        algorithm: the first algorithm's name.
        digits: how many hexadecimal digits the key has; 0: it is no such number.
        check_bits: the last of four words.
    """

    version: str
    lines: int = 0
    fields: int = 0
    number: str = ""
    algorithm: str = ""
    digits: int = 0
    check_bits: str = ""

    @property
    def spi(self) -> int:
        """The number; 0 where there is none."""
        bare = self.number.removesuffix("+")
        return int(bare) if bare.isascii() and bare.isdigit() and len(bare) <= 2 else 0

    @property
    def wrong(self) -> str:
        """Why agents would end at it; empty where they would not."""
        if self.fields < _LEAST_FIELDS:
            return "its entry 'keys' is not a line of a number, an algorithm and a key"
        if not 1 <= self.spi <= HIGHEST:
            return f"its number is {self.number!r}, and Cilium takes 1 to {HIGHEST}"
        if self.digits == 0 or self.digits % 2:
            return "its key is not a hexadecimal number of whole bytes"
        if self.fields == OWN_FIELDS and self.check_bits not in map(str, _CHECK_BITS):
            return f"its last word is {self.check_bits!r}, and Cilium takes {', '.join(map(str, _CHECK_BITS))}"
        return ""

    @property
    def is_ours(self) -> bool:
        """Of the one form that is made here, whatever its length: the next one can be made as long."""
        return (self.lines, self.fields, self.algorithm) == (1, OWN_FIELDS, ALGORITHM)

    @property
    def next_number(self) -> int:
        """The number of the next one: it counts up to 15 and begins again at 1."""
        return self.spi % HIGHEST + 1


@dataclass(frozen=True)
class KeysInUse:
    """Which key each node's agent says it encrypts with.

    Args:
        on: Cilium runs with IPsec.
        numbers: the key's number by node; 0: none.
    """

    on: bool = False
    numbers: Mapping[str, int] = field(default_factory=dict)

    def others(self, number: int) -> str:
        """The nodes that use another key than this, in words; empty where none does, or nobody encrypts."""
        if not self.on:
            return ""
        if not self.numbers:
            return "no node tells its key"
        return ", ".join(f"{node} uses {own or 'none'}" for node, own in sorted(self.numbers.items()) if own != number)
