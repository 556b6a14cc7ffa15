"""Something asked of the API now and then, whose answer counts for a while."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar

from kubestead.watch.api import Unanswered, said

_T = TypeVar("_T")
_NEVER = float("-inf")


class Reading(ABC, Generic[_T]):
    """Reads it, and knows how long ago that was.

    Args:
        what: it is, for the line that tells that it could not be read.
        every: seconds between two tries.
        known_for: seconds an answer counts.
        say: told when it cannot be read.
        clock: monotonic seconds.
    """

    _answer: _T | None
    _read_at: float
    _tried_at: float

    def __init__(
        self,
        what: str,
        every: float,
        known_for: float,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what, self._every, self._known_for, self._say, self._clock = what, every, known_for, say, clock
        self.forget()

    @abstractmethod
    def ask(self) -> _T:
        """The answer; raises one of :data:`kubestead.watch.api.Unanswered` where there is none."""

    def read(self) -> None:
        """Ask, if the last try is some seconds old."""
        if self._clock() - self._tried_at < self._every:
            return
        self._tried_at = self._clock()
        try:
            self._answer = self.ask()
            self._read_at = self._tried_at
        except Unanswered as error:
            self._say(f"{self._what}: {said(error)}")

    def forget(self) -> None:
        """Another may have been told meanwhile: not known until it is read again, which is at once."""
        self._answer = None
        self._read_at = self._tried_at = _NEVER

    def now(self) -> _T | None:
        """The answer; None: not known."""
        return self._answer if self._clock() - self._read_at <= self._known_for else None

    def last(self) -> _T | None:
        """The last answer, however long ago: while the API is silent nobody can have changed it."""
        return self._answer
