"""One kind of object, listed once and then watched: a request every few minutes, whatever happens in between.

The client's own SharedInformer is not used: while the API is away it tries again without a pause, it sets no read
limit, so a connection whose other end lost its power hangs for good, and it builds a model of every object.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from kubernetes.client.exceptions import ApiException
from kubernetes.watch import Watch

from kubestead.watch.api import LIMIT, Api, Unanswered, said

# The server ends a watch after this many seconds; the next goes on where it ended.
WATCH_SECONDS = 300
# A stream that is silent for longer is opened anew; a server sends a bookmark about once a minute.
SILENT_SECONDS = 90
BACK_OFF = (1.0, 15.0)


class Stream(threading.Thread):
    """Keeps a list up to date.

    Args:
        api: the API.
        path: of the list.
        on_list: called with all objects, at the start and when the stream lost its place.
        on_change: called with ``ADDED``, ``MODIFIED`` or ``DELETED`` and the object.
        on_error: called with a few words when something is wrong that is not the API being away.
    """

    def __init__(
        self,
        api: Api,
        path: str,
        on_list: Callable[[list[dict[str, Any]]], None],
        on_change: Callable[[str, dict[str, Any]], None],
        on_error: Callable[[str], None],
    ) -> None:
        super().__init__(name=f"watch {path}", daemon=True)
        self._api, self._path = api, path
        self._on_list, self._on_change, self._on_error = on_list, on_change, on_error
        self._stopped = threading.Event()
        self._version: str | None = None

    def run(self) -> None:
        """List and watch until stopped."""
        wait, most = BACK_OFF
        while not self._stopped.is_set():
            try:
                if self._version is None:
                    self.list_now()
                self._watch()
                wait = BACK_OFF[0]
            except Exception as error:  # noqa: BLE001 - a stream that ends for any reason would blind the watcher
                if getattr(error, "status", 0) == HTTPStatus.GONE:
                    self._version = None
                    continue
                if not _api_away(error):
                    self._on_error(f"{self._path}: {said(error)}")
                # Two watchers and a thousand nodes come back at the same moment; not all of them must ask at once.
                self._stopped.wait(wait * random.uniform(0.8, 1.2))  # noqa: S311
                wait = min(most, wait * 2)

    def list_now(self) -> None:
        """List everything anew."""
        found = self._api.get(self._path)
        self._on_list(found["items"])
        self._version = found["metadata"]["resourceVersion"]

    def stop(self) -> None:
        """End at the next event or silence; the thread is a daemon and holds nobody up."""
        self._stopped.set()

    def _watch(self) -> None:
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": str(self._version),
            "timeoutSeconds": str(WATCH_SECONDS),
        }

        def begin(**_: Any) -> Any:
            return self._api.open("GET", self._path, query, None, (LIMIT[0], SILENT_SECONDS))

        # With a time limit the client's Watch ends where the server ended, and leaves going on to us.
        events = Watch(return_type="object").stream(begin, timeout_seconds=WATCH_SECONDS)  # type: ignore[no-untyped-call]
        for event in events:
            if self._stopped.is_set():
                return
            self._api.requests.heard()
            if event["type"] == "ERROR":
                raise ApiException(status=event["object"].get("code", 500))
            self._version = event["object"]["metadata"]["resourceVersion"]
            if event["type"] != "BOOKMARK":
                self._on_change(event["type"], event["object"])


def _api_away(error: Exception) -> bool:
    """Whether the API did not answer, which the watcher notices itself; a refusal is an answer."""
    refused = isinstance(error, ApiException) and 400 <= int(error.status or 0) < 500
    return isinstance(error, Unanswered) and not refused
