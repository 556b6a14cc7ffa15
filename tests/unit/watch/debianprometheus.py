"""Prometheus' programs: the machine's own, or those of Debian's package."""

from __future__ import annotations

import shutil

from tests.debian import unpacked


def program(name: str) -> str:
    """The path of ``promtool`` or ``prometheus``; skips the test where there is none and no package to be had."""
    return shutil.which(name) or str(unpacked("prometheus") / "usr" / "bin" / name)
