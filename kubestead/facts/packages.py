"""Facts about Debian packages."""

from __future__ import annotations

import base64
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


class AptSourcesNaming(FactBase[dict[str, str]]):
    """The text of each of apt's source files that names the repository ``url`` anywhere, by path."""

    default = dict

    def command(self, url: str) -> StringCommand:
        return StringCommand(
            "grep --files-with-matches --fixed-strings --regexp", QuoteString(url.rstrip("/")),
            "/etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |",
            """while read -r f; do printf '%s %s\n' "$(base64 -w 0 "$f")" "$f"; done""",
        )  # fmt: skip

    def process(self, output: list[str]) -> dict[str, str]:
        pairs = (line.split(" ", 1) for line in output)
        return {path: base64.b64decode(text).decode(errors="surrogateescape") for text, path in pairs}
