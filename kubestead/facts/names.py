"""Facts about what names mean on a host."""

from __future__ import annotations

from pyinfra.api import FactBase, QuoteString, StringCommand


class NameAddresses(FactBase[list[str]]):
    """The IPv4 addresses the host finds for ``host_name``, in /etc/hosts or by DNS; empty where it finds none."""

    default = list

    def command(self, host_name: str) -> StringCommand:
        return StringCommand("getent ahostsv4", QuoteString(host_name), "| awk '{print $1}' | sort -u")

    def process(self, output: list[str]) -> list[str]:
        return output
