"""Facts about files: what is there now, for many paths in one round trip."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand


@dataclass(frozen=True)
class FileState:
    """A regular file: the sha256 of its content, its mode as octal digits (``644``), its owner as ``user:group``."""

    sha256: str
    mode: str
    owner: str


class FileStates(FactBase[dict[str, FileState]]):
    """The state of each of ``paths`` that is a regular file; a path that is absent is not in the result."""

    default = dict

    def command(self, paths: tuple[str, ...]) -> StringCommand:
        quoted = [QuoteString(path) for path in paths]
        return StringCommand(
            "for f in", *quoted, '; do if [ -f "$f" ] && [ ! -L "$f" ]; then',
            """printf '%s\\t%s\\t%s\\n' "$(stat -c '%a %U:%G' "$f")" "$(sha256sum < "$f")" "$f"; fi; done""",
        )  # fmt: skip

    def process(self, output: list[str]) -> dict[str, FileState]:
        states = {}
        for line in output:
            stat, digest, path = line.split("\t", 2)
            mode, _, owner = stat.partition(" ")
            states[path] = FileState(sha256=digest.partition(" ")[0], mode=mode, owner=owner)
        return states


class FileTexts(FactBase[dict[str, str]]):
    """The text of each of ``paths`` that is a file and can be read whole; any other is not in the result.

    Files are rewritten from their text, so it is exact: base64 keeps a missing last newline and bytes that are no UTF-8
    (they come as surrogate escapes, PEP 383).
    """

    default = dict

    def command(self, paths: tuple[str, ...]) -> StringCommand:
        quoted = [QuoteString(path) for path in paths]
        return StringCommand(
            "for f in", *quoted, '; do if [ -f "$f" ] && t=$(base64 -w 0 "$f" 2>/dev/null); then',
            """printf '%s %s\\n' "$t" "$f"; fi; done""",
        )  # fmt: skip

    def process(self, output: list[str]) -> dict[str, str]:
        pairs = (line.split(" ", 1) for line in output)
        return {path: base64.b64decode(text).decode(errors="surrogateescape") for text, path in pairs}
