"""What pyinfra works out anew for each operation on each host, at a lower price; its version is pinned.

Measured with 51 hosts that answer at once, one run of ``deploys/cluster.py``: more than half of the controller's
processor time was spent on reading source files to find out from which line an operation was called.
"""

from __future__ import annotations

import gc
import sys
from functools import lru_cache, partial
from inspect import getframeinfo, stack
from typing import get_type_hints

from pyinfra.api import arguments, util

# New objects between two looks of the garbage collector; Python's own 700 are a look every few milliseconds here.
_OBJECTS = 50_000


def spare_the_controller() -> None:
    """For ``config.py``: frames without the source around them, which nobody reads, and type hints found once.

    pyinfra forbids all bytecode so that deploy files leave none; those are executed, not imported, so modules may. What
    is loaded by now stays to the end: the garbage collector need not look at it again and again.
    """
    # Somebody's own wish stays.
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)
    gc.freeze()
    gc.set_threshold(_OBJECTS)
    util.stack = partial(stack, 0)
    util.getframeinfo = partial(getframeinfo, context=0)
    arguments.get_type_hints = lru_cache(get_type_hints)  # type: ignore[assignment]
