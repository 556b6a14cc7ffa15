"""How etcd's members are, asked only while a control plane is not well."""

from __future__ import annotations

import time
from collections.abc import Callable

from kubestead.recovery.etcd import SELECTOR, Members, members_of
from kubestead.watch.api import Api, Unanswered, namespaced, said

# Seconds between two readings, and how long one counts.
EVERY = 10.0
KNOWN_FOR = 20.0
PODS = namespaced("kube-system", "pods")


class Etcd:
    """Reads the members' pods.

    Args:
        api: the API.
        say: told when they cannot be read.
        clock: monotonic seconds.
    """

    def __init__(self, api: Api, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._api, self._say, self._clock = api, say, clock
        self._members: Members | None = None
        self._read_at = self._tried_at = float("-inf")

    def read(self) -> None:
        """Read them, if the last try is some seconds old."""
        if self._clock() - self._tried_at < EVERY:
            return
        self._tried_at = self._clock()
        try:
            self._members = members_of(self._api.get(PODS, labelSelector=SELECTOR)["items"])
            self._read_at = self._tried_at
        except Unanswered as error:
            self._say(f"etcd's pods: {said(error)}")

    def now(self) -> Members | None:
        """The members; None: not known."""
        return self._members if self._clock() - self._read_at <= KNOWN_FOR else None
