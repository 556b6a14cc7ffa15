"""Uploads that nobody else on the host can read, at no time.

pyinfra's go to /tmp/pyinfra-<hash> with sudo, readable by everybody, and get their mode only after they are in place
(pyinfra #1085).
"""

from __future__ import annotations

import base64
from typing import IO, Any

from pyinfra.api import QuoteString, StringCommand

# base64 makes 76 bytes of 57.
_LINE = 57 * 1024


def command(path: str) -> StringCommand:
    """What writes the file from standard input; it is its writer's alone until somebody gives it another mode."""
    # A file that is there keeps its mode, so it must go first.
    return StringCommand("umask 077 && rm -f --", QuoteString(path), "&& base64 -d >", QuoteString(path))


def lines(content: IO[Any]) -> list[str]:
    """Standard input for :func:`command`."""
    content.seek(0)
    data = content.read()
    data = data.encode() if isinstance(data, str) else data
    return [base64.b64encode(data[at : at + _LINE]).decode() for at in range(0, len(data), _LINE)]
