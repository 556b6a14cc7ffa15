"""What must not be written down is taken out of command lines and messages. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Container, Iterable, Sequence

MASKED = "*MASKED*"
_WORD = r"(?:pass(?:word|wd|phrase)?|secret|token|credential|private[_-]?key|api[_-]?key|certificate[_-]key)s?"
_PATTERNS = (
    re.compile(r"(?s)-----BEGIN (?P<kind>[A-Z ]*PRIVATE KEY)-----.*?(?:-----END (?P=kind)-----|\Z)"),
    # kubeadm's bootstrap tokens and, on a line of their own, its certificate keys.
    re.compile(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b"),
    re.compile(r"(?m)^\s*[0-9a-f]{64}\s*$"),
    re.compile(r"\beyJ[\w-]{10,}\.[\w-]+\.[\w-]*"),
)
# The first group stays.
_AFTER = (
    re.compile(rf"(?i)([\w-]*{_WORD}[\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;}}]+)"),
    re.compile(rf"(?i)(--[\w-]*{_WORD}\s+)(\"[^\"]*\"|'[^']*'|[^\s-]\S*)"),
    re.compile(r"(?i)(\b(?:bearer|basic)\s+)([\w+/=.~-]{8,})"),
    re.compile(r"(\b[a-z][a-z0-9+.-]*://)([^/\s'\"]+)(?=@)"),
)
# Too short to be taken out of every word that happens to hold them.
_LEAST_SECRET = 4
_PASSWORD_OPTIONS = ("--ssh-password", "--ssh-key-password")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without what looks like a secret, and without these secrets, each replaced by ``*MASKED*``.

    Masks private keys in PEM, bootstrap tokens, certificate keys, JSON web tokens, credentials in URLs, and whatever
    stands after a word such as ``password=``.

    Args:
        text: any text.
        secrets: values known to be secret, whatever they look like.
    """
    for secret in sorted({one for one in secrets if len(one) >= _LEAST_SECRET}, key=len, reverse=True):
        text = text.replace(secret, MASKED)
    for pattern in _PATTERNS:
        text = pattern.sub(MASKED, text)
    for pattern in _AFTER:
        text = pattern.sub(rf"\g<1>{MASKED}", text)
    return text


def command_line(argv: Sequence[str], plain_keys: Container[str]) -> str:
    """A command line of pyinfra's, quoted for a shell.

    Args:
        argv: its words.
        plain_keys: keys whose values in ``--data KEY=VALUE`` are known to be no secrets; the others' are masked.
    """
    words, before = [], ""
    for word in argv:
        option, equals, value = word.partition("=")
        if before in _PASSWORD_OPTIONS:
            words.append(MASKED)
        elif option in _PASSWORD_OPTIONS and equals:
            words.append(f"{option}={MASKED}")
        elif before == "--data":
            words.append(_pair(word, plain_keys))
        elif option == "--data" and equals:
            words.append(f"--data={_pair(value, plain_keys)}")
        else:
            words.append(redact(word))
        before = word
    # The asterisks of a mask mean something to a shell, but nobody runs such a line as it is.
    return " ".join(word if MASKED in word else shlex.quote(word) for word in words)


def _pair(text: str, plain_keys: Container[str]) -> str:
    key, equals, _ = text.partition("=")
    return text if not equals or key in plain_keys else f"{key}={MASKED}"
