"""apt's source files: other entries for a repository, which apt refuses when their keys differ. Pure."""

from __future__ import annotations

import re

NOTE = "# kubestead: written in {file} now: "
_ONE_LINE = re.compile(r"\s*deb(?:-src)?\s+(?:\[[^\]]*\]\s*)?(?P<uri>\S+)\s")
_URIS = re.compile(r"^URIs:(?P<uris>.*(?:\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)
_DISABLED = re.compile(r"^Enabled:\s*(?:no|false|off|without|disable)\s*$", re.IGNORECASE | re.MULTILINE)


def without_source(path: str, text: str, uri: str, file: str) -> str:
    """The source file ``text`` without its entries for the repository ``uri``, everything else as it was.

    Args:
        path: where the file is; its ending says which of apt's two formats it has (sources.list(5)).
        text: what it holds.
        uri: the repository.
        file: the name of the file that has the repository from now on.

    Raises:
        ValueError: an entry holds other repositories too, so it cannot simply be turned off.
    """
    if path.endswith(".sources"):
        return "\n\n".join(_stanza(stanza, uri, file) for stanza in text.split("\n\n"))
    return "".join(_line(line, uri, file) for line in text.splitlines(keepends=True))


def _line(line: str, uri: str, file: str) -> str:
    match = _ONE_LINE.match(line)
    return NOTE.format(file=file) + line if match and _same(match["uri"], uri) else line


def _stanza(stanza: str, uri: str, file: str) -> str:
    match = _URIS.search(stanza)
    uris = match["uris"].split() if match else []
    if _DISABLED.search(stanza) or not any(_same(other, uri) for other in uris):
        return stanza
    if len(uris) > 1:
        raise ValueError(f"one entry names {', '.join(uris)}")
    return _URIS.sub(lambda found: f"{NOTE.format(file=file).rstrip(': ')}\nEnabled: no\n{found[0]}", stanza, count=1)


def _same(one: str, other: str) -> bool:
    return one.rstrip("/") == other.rstrip("/")
