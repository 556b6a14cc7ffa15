"""What pyinfra works out anew for each operation on each host, at a lower price; its version is pinned.

Measured with 51 hosts that answer at once, one run of ``deploys/cluster.py``: more than half of the controller's
processor time was spent on reading source files to find out from which line an operation was called.
"""

from __future__ import annotations

import gc
import sys
from copy import copy
from functools import lru_cache
from inspect import Traceback
from types import FrameType
from typing import Any, get_type_hints

from pyinfra.api import arguments, util
from pyinfra.api.host import HostData
from pyinfra.api.inventory import Inventory

# New objects between two looks of the garbage collector; Python's own 700 are a look every few milliseconds here.
_OBJECTS = 50_000


def spare_the_controller() -> None:
    """For ``config.py``: frames without their source, which nobody reads; type hints and groups' data found once.

    pyinfra forbids all bytecode so that deploy files leave none; those are executed, not imported, so modules may. What
    is loaded by now stays to the end: the garbage collector need not look at it again and again.
    """
    # Somebody's own wish stays.
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)
    gc.freeze()
    gc.set_threshold(_OBJECTS)
    util.stack = _stack  # type: ignore[assignment]
    util.getframeinfo = _frame  # type: ignore[assignment]
    arguments.get_type_hints = lru_cache(get_type_hints)  # type: ignore[assignment]
    HostData.__getattr__ = _attribute  # type: ignore[method-assign]
    Inventory.get_groups_data = _groups_data  # type: ignore[method-assign]


def _stack() -> list[tuple[FrameType]]:
    """What pyinfra reads of ``inspect.stack()``, without a look at files."""
    frame: FrameType | None = sys._getframe(1)
    found = []
    while frame:
        found.append((frame,))
        frame = frame.f_back
    return found


def _frame(frame: FrameType) -> Traceback:
    """``inspect.getframeinfo()``, without a look at files."""
    return Traceback(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, None, None)


def _attribute(self: HostData, key: str) -> Any:
    """A host's data, asked by pyinfra for each of over thirty arguments of each operation: mostly it has none."""
    for data in self.datas:
        known = data() if callable(data) else data
        if key in known:
            return copy(known[key])
    raise AttributeError(f"Host `{self.host}` has no data `{key}`")


def _groups_data(self: Inventory, groups: list[str]) -> dict[str, Any]:
    """The data of a host's groups, put together once: no run changes them."""
    kept: dict[tuple[str, ...], dict[str, Any]] = self.__dict__.setdefault("_kubestead_groups", {})
    if (names := tuple(groups)) not in kept:
        kept[names] = {key: value for name in names for key, value in self.group_data.get(name, {}).items()}
    return kept[names]
