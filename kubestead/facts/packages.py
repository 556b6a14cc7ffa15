"""Facts about Debian packages."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand


@dataclass(frozen=True)
class Package:
    """An installed package: its version and whether it is held back from upgrades."""

    version: str
    held: bool


class InstalledPackages(FactBase[dict[str, Package]]):
    """Those of ``names`` that are installed."""

    default = dict

    def command(self, names: tuple[str, ...]) -> StringCommand:
        return StringCommand(
            "dpkg-query", "--show", "--showformat='${Package} ${Version} ${db:Status-Want} ${db:Status-Status}\\n'",
            *[QuoteString(name) for name in names], "2>/dev/null || true",
        )  # fmt: skip

    def process(self, output: list[str]) -> dict[str, Package]:
        rows = (line.split() for line in output)
        return {
            row[0]: Package(version=row[1], held=row[2] == "hold")
            for row in rows
            if len(row) == 4 and row[3] == "installed"
        }
