"""What would change in a text, line by line, without its secrets. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from kubestead.errors import plain
from kubestead.record.redact import MASKED, redact

CONTEXT_LINES = 2
_NO_NEWLINE = " (no newline at the end)"
_PRIVATE = re.compile(r"(?s)-----BEGIN (?P<kind>[A-Z ]*PRIVATE KEY)-----.*?(?:-----END (?P=kind)-----|\Z)")
# In a file that holds secrets a word like this may be an older one: long, of letters and digits.
_OPAQUE = re.compile(r"(?=[\w+/=.-]*\d)(?=[\w+/=.-]*[A-Za-z])[\w+/=.-]{16,}")
# Names of values that hold secrets, in Helm charts and in kubeconfigs.
_SECRET_NAME = re.compile(r"(?i)(^|[a-z_.-])(key-?data|(key|password|passphrase|passwd|secret|token|credential)s?)$")
_SECRET_NAME_EXCEPT = re.compile(r"(?i)(public[_-]?key|secret-?name|name)$")


def unified(before: str, after: str, secrets: Iterable[str] = ()) -> list[str]:
    """A unified diff without its two head lines; empty where the texts are the same.

    Args:
        before: the text as it is.
        after: the text as it will be.
        secrets: values in either text that nobody may read; they, and what stood in ``before`` where ``after`` has one
            of them, are masked, and so is whatever looks like a secret.
    """
    known = sorted({line for secret in secrets for line in secret.split("\n") if line.strip()}, key=len, reverse=True)
    old, new = _lines(before), _lines(after)
    shown_new = _masked(after, new, known)
    shown_old = _masked(before, old, known, _places(new, known), strict=bool(known))
    return list(_hunks(old, new, shown_old, shown_new))


def secrets_of(values: object) -> list[str]:
    """The secrets among structured values (a Helm release's, a kubeconfig's), told by the names they stand under."""
    if isinstance(values, Mapping):
        return [secret for key, value in values.items() for secret in _secrets_below(str(key), value)]
    if isinstance(values, Sequence) and not isinstance(values, str | bytes):
        return [secret for value in values for secret in secrets_of(value)]
    return []


def masked(values: Any, before: Any = None) -> Any:
    """Structured values without their secrets, before YAML writes them in its own way.

    Args:
        values: a Helm release's, say.
        before: the same as they were; a secret that was another one is marked.
    """
    if isinstance(values, Mapping):
        known = before if isinstance(before, Mapping) else {}
        return {key: _masked_below(str(key), value, known.get(key)) for key, value in values.items()}
    if isinstance(values, list):
        return [masked(value, old) for value, old in _beside(values, before)]
    return values


def _masked_below(key: str, value: Any, before: Any) -> Any:
    if not _names_a_secret(key) or isinstance(value, Mapping):
        return masked(value, before)
    if isinstance(value, list):
        return [_masked_below(key, one, old) for one, old in _beside(value, before)]
    if not isinstance(value, str) or not value:
        return value
    return MASKED if before in (None, value) else f"{MASKED}, another one"


def _beside(values: list[Any], before: Any) -> Iterator[tuple[Any, Any]]:
    """Each value with what stood at its place before; None where nothing did."""
    return zip_longest(values, before[: len(values)] if isinstance(before, list) else ())


def _secrets_below(key: str, value: Any) -> list[str]:
    if not _names_a_secret(key):
        return secrets_of(value)
    found = value if isinstance(value, list) else [value]
    return [secret for one in found for secret in ([one] if isinstance(one, str) and one else secrets_of(one))]


def _names_a_secret(key: str) -> bool:
    return bool(_SECRET_NAME.search(key)) and not _SECRET_NAME_EXCEPT.search(key)


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return lines[:-1] if not lines[-1] else [*lines[:-1], lines[-1] + _NO_NEWLINE]


def _places(lines: Sequence[str], secrets: Sequence[str]) -> list[re.Pattern[str]]:
    """Where the new text has a secret, the old one had one: the line around it."""
    found = []
    for line in lines:
        for secret in secrets:
            before, here, after = line.partition(secret)
            if here and before.strip():
                found.append(re.compile(rf"({re.escape(before)}).*(?:{re.escape(after)})?$"))
    return found


def _masked(
    text: str,
    lines: Sequence[str],
    secrets: Sequence[str],
    places: Sequence[re.Pattern[str]] = (),
    strict: bool = False,
) -> list[str]:
    hidden = {
        number
        for match in _PRIVATE.finditer(text)
        for number in range(text.count("\n", 0, match.start()), text.count("\n", 0, match.end()) + 1)
    }
    return [
        MASKED if number in hidden else _masked_line(line, secrets, places, strict) for number, line in enumerate(lines)
    ]


def _masked_line(line: str, secrets: Sequence[str], places: Sequence[re.Pattern[str]], strict: bool) -> str:
    for secret in secrets:
        line = line.replace(secret, MASKED)
    for place in places:
        line = place.sub(rf"\g<1>{MASKED}", line)
    return plain(redact(_OPAQUE.sub(MASKED, line) if strict else line))


def _hunks(old: list[str], new: list[str], shown_old: list[str], shown_new: list[str]) -> Iterator[str]:
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT_LINES):
        first, last = group[0], group[-1]
        yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@"
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from (f" {line}" for line in shown_old[i1:i2])
            else:
                yield from (f"-{line}" for line in shown_old[i1:i2])
                yield from (f"+{line}" for line in shown_new[j1:j2])


def _range(start: int, stop: int) -> str:
    """As diff writes it: lines count from one, and an empty range begins before its place."""
    length = stop - start
    return f"{start + 1 if length else start},{length}" if length != 1 else f"{start + 1}"
