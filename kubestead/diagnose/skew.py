"""How far clocks are off each other, as far as that is certain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Offset:
    """A clock is between ``low`` and ``high`` seconds ahead: how long its host took to answer leaves that much open."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        """The best guess."""
        return (self.low + self.high) / 2

    @property
    def certain(self) -> float:
        """What it is off at the least, negative when it is behind; 0 when it may be right."""
        return self.low if self.low > 0 else min(self.high, 0.0)


def skews(offsets: Mapping[str, Offset]) -> dict[str, Offset]:
    """Each clock against the one in the middle, the controller's among them (whose offset is 0).

    Of two in the middle the one nearer to the controller's is taken. One clock alone is not judged: it may be the
    controller's that is off.
    """
    if len(offsets) < 2:
        return {}
    controller = Offset(0, 0)
    ordered = sorted([*offsets.values(), controller], key=lambda offset: offset.middle)
    middle = ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1]
    reference = min(middle, key=lambda offset: abs(offset.middle))
    return {name: Offset(one.low - reference.high, one.high - reference.low) for name, one in offsets.items()}
