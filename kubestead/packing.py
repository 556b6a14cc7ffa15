"""Long texts on their way to and from hosts: much alike in themselves, they come to a tenth. Pure."""

from __future__ import annotations

import base64
import gzip


def packed(text: str) -> str:
    """A text as ``gzip | base64`` prints it, on one line."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def unpacked(line: str) -> str:
    """The text of such a line."""
    return gzip.decompress(base64.b64decode(line)).decode()
