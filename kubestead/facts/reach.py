"""What a host gets from another's address: an echo, and connections to the ports a node answers on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand

SSH_PORT, KUBELET_PORT = 22, 10250


@dataclass(frozen=True)
class Echo:
    """One address: whether it answers a ping (None: there is no ``ping`` here); each port open, refused or silent.

    An SSH server that lives greets first: its port then ``answers``.
    """

    address: str
    ping: bool | None = None
    ssh: str | None = None
    kubelet: str | None = None


class Echoes(FactBase[tuple[Echo, ...]]):
    """One per address of ``addresses``, all tried at once, two seconds at most for each question.

    A port that refuses is the sign of a living host: its kernel answered.
    """

    default = tuple

    def command(self, addresses: Sequence[str]) -> StringCommand:
        port = (
            'port() { error=$(timeout 2 bash -c ": </dev/tcp/$1/$2" 2>&1) && echo open && return; '
            'case $error in *refused*) echo refused;; *) echo silent;; esac; }; '
        )  # fmt: skip
        ping = 'p=none; command -v ping >/dev/null && { ping -c 1 -W 2 "$1" >/dev/null 2>&1 && p=yes || p=no; }; '
        greeting = f'timeout 2 bash -c "exec 3<>/dev/tcp/$1/{SSH_PORT}; head -c 4 <&3" 2>/dev/null'
        ssh = f's=$({greeting}); [ "$s" = SSH- ] && s=answers || s=$(port "$1" {SSH_PORT}); '
        told = f'echo "$1 $p $s $(port "$1" {KUBELET_PORT})"'
        return StringCommand(
            r"printf '%s\n'", *[QuoteString(address) for address in addresses],
            "| LC_ALL=C xargs -P 16 -L 1 sh -c", QuoteString(port + ping + ssh + told), "echo",
        )  # fmt: skip

    def process(self, output: list[str]) -> tuple[Echo, ...]:
        rows = [line.split() for line in output]
        ping = {"yes": True, "no": False}
        return tuple(Echo(row[0], ping.get(row[1]), row[2], row[3]) for row in rows if len(row) == 4)
