"""Programs of Debian's packages for tests, which are skipped where they cannot be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import debian
from kubestead.errors import KubesteadError


def unpacked(*packages: str) -> Path:
    """The folder with what these packages hold, as below ``/``; skips the test where they cannot be had.

    Args:
        packages: the program's, and those of the libraries it needs that a plain machine has not.
    """
    try:
        return debian.unpacked(packages[0], *packages)
    except KubesteadError as error:
        pytest.skip(str(error))
