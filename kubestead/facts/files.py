"""Facts about files: what is there now, for many paths in one round trip."""

from __future__ import annotations

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
            """stat -c '%a %U:%G' "$f"; sha256sum < "$f"; printf '%s\\n' "$f"; fi; done""",
        )  # fmt: skip

    def process(self, output: list[str]) -> dict[str, FileState]:
        states = {}
        for stat, digest, path in zip(output[0::3], output[1::3], output[2::3], strict=True):
            mode, owner = stat.split(maxsplit=1)
            states[path] = FileState(sha256=digest.split()[0], mode=mode, owner=owner)
        return states


class FileTexts(FactBase[dict[str, str]]):
    """The text of each of ``paths`` that can be read; a path that cannot is not in the result."""

    default = dict
    _mark = "-- kubestead file"

    def command(self, paths: tuple[str, ...]) -> StringCommand:
        quoted = [QuoteString(path) for path in paths]
        return StringCommand(
            "for f in", *quoted, """; do if [ -r "$f" ]; then""",
            f"""printf '%s\\n' "{self._mark} $f"; cat "$f"; echo; fi; done""",
        )  # fmt: skip

    def process(self, output: list[str]) -> dict[str, str]:
        texts: dict[str, list[str]] = {}
        current: list[str] = []
        for line in output:
            if line.startswith(self._mark):
                current = texts.setdefault(line[len(self._mark) + 1 :], [])
            else:
                current.append(line)
        # The `echo` above ends every file with one line of its own.
        return {
            path: "\n".join(lines[:-1] if lines and not lines[-1] else lines) + "\n" for path, lines in texts.items()
        }
