"""How etcd's members are, asked only while a control plane is not well."""

from __future__ import annotations

import time
from collections.abc import Callable

from kubestead.recovery.etcd import SELECTOR, Members, members_of
from kubestead.watch.api import Api, namespaced
from kubestead.watch.reading import Reading

# Seconds between two readings, and how long one counts.
EVERY = 10.0
KNOWN_FOR = 20.0
PODS = namespaced("kube-system", "pods")


class Etcd(Reading[Members]):
    """Reads the members' pods.

    Args:
        api: the API.
        say, clock: as for every reading.
    """

    def __init__(self, api: Api, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__("etcd's pods", EVERY, KNOWN_FOR, say, clock)
        self._api = api

    def ask(self) -> Members:
        return members_of(self._api.get(PODS, labelSelector=SELECTOR)["items"])
