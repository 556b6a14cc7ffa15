"""Whether a person has paused recovery for the whole cluster; where that is not known, nothing is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus

from kubernetes.client.exceptions import ApiException

from kubestead.marks import is_paused
from kubestead.watch.api import Api
from kubestead.watch.ledger import CONFIGMAPS, NAME, NAMESPACE
from kubestead.watch.reading import Reading

# Seconds between two readings, and how long one counts while the API answers and might say something else by now.
EVERY = 15.0
KNOWN_FOR = 60.0


class Pause(Reading[bool]):
    """Reads the annotation on kube-system and on the history's ConfigMap.

    Args:
        api: the API.
        say, clock: as for every reading.
    """

    def __init__(self, api: Api, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__("pause", EVERY, KNOWN_FOR, say, clock)
        self._api = api

    def ask(self) -> bool:
        return self._on(f"/api/v1/namespaces/{NAMESPACE}") or self._on(f"{CONFIGMAPS}/{NAME}")

    def _on(self, path: str) -> bool:
        try:
            return is_paused(self._api.get(path))
        except ApiException as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return False
            raise
