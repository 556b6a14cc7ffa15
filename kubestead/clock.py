"""The controller's clock as it was at the start, carried on by one that is never set (a laptop's jumps)."""

from __future__ import annotations

import time

_STARTED = time.time() - time.monotonic()


def now() -> float:
    """Seconds since 1970; two calls in one process are as far apart as they really were."""
    return _STARTED + time.monotonic()
