"""The history where every watcher finds it: a ConfigMap, and a copy beside the audit for when the API is away."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from kubernetes.client.exceptions import ApiException

from kubestead.errors import KubesteadError
from kubestead.recovery.history import History
from kubestead.watch.api import Api, Unanswered, namespaced

NAMESPACE, NAME, KEY = "kube-system", "kubestead-recovery", "history.json"
CONFIGMAPS = namespaced(NAMESPACE, "configmaps")


class Ledger:
    """The history of the cluster, changed only by the leader, through pure functions of it.

    Args:
        api: the API.
        copy: the local file.
        say: told when something could not be read or written.
        may_write: whether this watcher leads; without the Lease the cluster's history is another's to write.
        read_only: nothing is written, neither to the cluster nor to the copy.

    Raises:
        KubesteadError: the local file is there and cannot be read.
    """

    def __init__(
        self,
        api: Api,
        copy: Path,
        say: Callable[[str], None],
        may_write: Callable[[], bool],
        read_only: bool = False,
    ) -> None:
        self._api, self._copy, self._say = api, copy, say
        self._may_write, self._read_only = may_write, read_only
        self._lock = threading.RLock()
        self._unsaved = False
        self.history = self._read_copy()

    def load(self) -> None:
        """Take over what is in the cluster; what is there wins over the copy.

        Raises:
            one of :data:`kubestead.watch.api.Unanswered`: the API does not answer; nothing was taken over.
        """
        found = self._read()
        text = (found or {}).get("data", {}).get(KEY, "")
        with self._lock:
            self._unsaved = False
            if text:
                self.history = self._parse(text, f"ConfigMap {NAMESPACE}/{NAME}")

    def change(self, function: Callable[[History], History]) -> None:
        """Change the history and write it down; what cannot be written now is by :meth:`save`, later."""
        with self._lock:
            changed = function(self.history)
            if changed == self.history:
                return
            self.history = changed
            if self._read_only:
                return
            self._unsaved = True
            self._write_copy()
            self.save()

    def save(self) -> None:
        """Write what is not written yet, if this watcher leads."""
        with self._lock:
            if not self._unsaved or not self._may_write():
                return
            try:
                self._write()
                self._unsaved = False
            except Unanswered as error:
                self._say(f"the history could not be written to the cluster: {error}".splitlines()[0])

    def _read(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._api.get(f"{CONFIGMAPS}/{NAME}")
        except ApiException as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        return found

    def _write(self) -> None:
        """A patch of the one key: annotations of a person stay, and no version can collide."""
        data = {"data": {KEY: self.history.to_json()}}
        try:
            self._api.patch(f"{CONFIGMAPS}/{NAME}", data)
        except ApiException as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAME}, **data}
            self._api.post(CONFIGMAPS, body)

    def _read_copy(self) -> History:
        try:
            return self._parse(self._copy.read_text(), str(self._copy)) if self._copy.is_file() else History()
        except OSError as error:
            fix = "let its owner run the watcher, or give another folder: --folder"
            raise KubesteadError(f"{self._copy}: cannot be read ({error.strerror}); {fix}") from None
        except UnicodeDecodeError:
            self._say(f"{self._copy}: is not text; begun anew")
            return History()

    def _write_copy(self) -> None:
        try:
            self._copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            new = self._copy.with_suffix(".new")
            new.write_text(self.history.to_json())
            new.replace(self._copy)
        except OSError as error:  # a full disk must not end who repairs; the cluster has the history too
            self._say(f"the copy of the history could not be written: {error}")

    def _parse(self, text: str, where: str) -> History:
        try:
            return History.from_json(text)
        except ValueError as error:
            self._say(f"{where}: {error}; begun anew")
            return History()
