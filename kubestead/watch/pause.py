"""Whether a person has paused recovery for the whole cluster; where that is not known, nothing is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus

from kubernetes.client.exceptions import ApiException

from kubestead.marks import is_paused
from kubestead.watch.api import Api, Unanswered, said
from kubestead.watch.ledger import CONFIGMAPS, NAME, NAMESPACE

# Seconds between two readings, and how long one counts while the API answers and might say something else by now.
EVERY = 15.0
KNOWN_FOR = 60.0


class Pause:
    """Reads the annotation on kube-system and on the history's ConfigMap, now and then.

    Args:
        api: the API.
        say: told when it cannot be read.
        clock: monotonic seconds.
    """

    def __init__(self, api: Api, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._api, self._say, self._clock = api, say, clock
        self._paused: bool | None = None
        self._read_at = self._tried_at = float("-inf")

    def read(self) -> None:
        """Read it, if the last try is some seconds old."""
        if self._clock() - self._tried_at < EVERY:
            return
        self._tried_at = self._clock()
        try:
            self._paused = self._on(f"/api/v1/namespaces/{NAMESPACE}") or self._on(f"{CONFIGMAPS}/{NAME}")
            self._read_at = self._tried_at
        except Unanswered as error:
            self._say(f"pause: {said(error)}")

    def forget(self) -> None:
        """Another may have been told meanwhile: not known until it is read again, which is at once."""
        self._paused, self._read_at, self._tried_at = None, float("-inf"), float("-inf")

    def now(self) -> bool | None:
        """Whether it is paused; None: not known."""
        return self._paused if self._clock() - self._read_at <= KNOWN_FOR else None

    def last(self) -> bool | None:
        """The same as last read, however long ago: while the API is silent nobody can have changed it."""
        return self._paused

    def _on(self, path: str) -> bool:
        try:
            return is_paused(self._api.get(path))
        except ApiException as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return False
            raise
