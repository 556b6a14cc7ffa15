"""Facts about files of packages that are not as the package has them."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand


@dataclass(frozen=True)
class Damage:
    """A file of ``package`` that is missing, altered or, though a program, cannot be run.

    ``configuration`` is True for a file the package leaves to the administrator.
    """

    package: str
    path: str
    configuration: bool = False


class DamagedFiles(FactBase[tuple[Damage, ...]]):
    """What is damaged of the installed ``packages``, by dpkg's own digests; half a second for Kubernetes' four."""

    default = tuple

    def requires_command(self, packages: tuple[str, ...]) -> str:
        return "dpkg"

    def command(self, packages: tuple[str, ...]) -> StringCommand:
        quoted = [QuoteString(package) for package in packages]
        return StringCommand(
            "for p in", *quoted, """; do
dpkg --verify "$p" 2>/dev/null | sed "s|^|$p |"
dpkg --listfiles "$p" 2>/dev/null | grep -E '/s?bin/[^/]+$' | while read -r f; do
  [ -d "$f" ] || [ ! -e "$f" ] || [ -x "$f" ] || printf '%s noexec    %s\\n' "$p" "$f"
done; done; true""",
        )  # fmt: skip

    def process(self, output: list[str]) -> tuple[Damage, ...]:
        # PACKAGE RESULT [c] PATH, the result nine letters or "missing" (dpkg(1), --verify-format rpm).
        rows = [line.split() for line in output if line.count("/") and len(line.split()) >= 3]
        return tuple(Damage(row[0], row[-1], "c" in row[2:-1]) for row in rows)
