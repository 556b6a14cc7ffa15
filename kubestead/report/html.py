"""How pages are made: whatever stands in a record or an audit is text, and never breaks the page."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache

from jinja2 import Environment

from kubestead.render import environment

# What HTML does not allow, and marks that turn the direction of what follows (a name may not rearrange the page).
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)


@lru_cache(maxsize=1)
def pages() -> Environment:
    """The templates as HTML: every value is escaped."""
    # Evidence holds words of hosts and pods: whatever they say, it is text.
    html = environment().overlay(autoescape=True, keep_trailing_newline=False, finalize=printable)
    # An overlay shares its filters with what it lies over.
    html.filters = {**html.filters, "duration": duration, "took": took, "at": at}
    return html


def printable(value: object) -> object:
    """Text without what cannot stand in a page; anything else as it is."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return _UNPRINTABLE.sub("\ufffd", value)


def duration(seconds: float) -> str:
    """``8 s``, ``2 min 5 s``, ``3 h 10 min``, ``2 d 4 h``."""
    whole = round(seconds)
    for size, unit, below, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // below
            return f"{whole // size} {unit} {rest} {small}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"


def took(seconds: float) -> str:
    """``0.4 s``, ``9.8 s``, and from ten seconds on as :func:`duration`."""
    return duration(seconds) if seconds >= 9.95 else f"{max(seconds, 0):.1f} s"


def at(time: datetime) -> str:
    """``2026-11-22 11:58:02``."""
    return time.strftime("%Y-%m-%d %H:%M:%S")
