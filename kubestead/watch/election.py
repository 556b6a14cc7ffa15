"""Of several watchers one acts: the holder of a Lease.

The client's own ``kubernetes.leaderelection`` is not used: it never gives the Lease back, an unreachable API
(urllib3's errors) ends its thread, it judges by the wall clock, and it cannot be asked "still?" between two steps.
The rules are those of client-go: a Lease counts as held until it has not changed for its duration by the observer's
own clock, a holder that could not renew for a shorter time stops by itself, and every write carries the version read.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from http import HTTPStatus
from typing import Any

from kubernetes.client.exceptions import ApiException

from kubestead.watch.api import Api, Unanswered, namespaced

RETRY = 1.0
# Shorter than elsewhere: two tries must fit between a renewal and the deadline.
TRY_LIMIT = (3.0, 5.0)
NAMESPACE, NAME = "kube-system", "kubestead-recovery"
LEASES = namespaced(NAMESPACE, "leases")


@dataclass(frozen=True)
class Terms:
    """Seconds: how long a silent holder keeps the Lease, when it stops acting, how often it is renewed or asked for.

    Some more than client-go's 15 and 10: the API of a small lab may be slow just when a node has fallen over.
    """

    duration: float = 20
    deadline: float = 15
    period: float = 4


def identity() -> str:
    """A name no other watcher has, and that says where this one runs."""
    return f"{socket.gethostname()}_{os.getpid()}_{uuid.uuid4().hex[:8]}"


class Election:
    """Asks for the Lease, renews it, gives it back at the end.

    Args:
        api: the API.
        name: this watcher's.
        compete: False only looks who leads; a dry run never leads.
        terms: the times.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        api: Api,
        name: str,
        compete: bool = True,
        terms: Terms = Terms(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.holder = ""
        self._api, self._compete, self._terms, self._clock = api, compete, terms, clock
        self._renewed: float | None = None
        self._observed: tuple[Any, float] = (None, clock())
        self._version = ""
        # How often the Lease has changed hands: the same number again, and nobody else had it meanwhile.
        self.term = 0
        self._acquired = ""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="election", daemon=True)

    def leads(self) -> bool:
        """Whether this watcher may act at this very moment: it renewed the Lease within the deadline."""
        renewed = self._renewed
        return renewed is not None and self._clock() - renewed < self._terms.deadline

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Give the Lease back, so that another need not wait for its end."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(sum(TRY_LIMIT))
        if self.leads():
            self._renewed = None
            try:
                self._write("", 1)
            except Unanswered:
                return  # it runs out by itself

    def step(self) -> None:
        """One look at the Lease, and a write where it is ours, free, or run out."""
        if self.leads() and self._version:
            return self._renew()
        try:
            lease = self._api.get(f"{LEASES}/{NAME}", TRY_LIMIT)
        except ApiException as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return self._create() if self._compete else None
        self._observe(lease)
        if self._compete and (not self.holder or self.holder == self.name or self._run_out()):
            self._take()
        return None

    def _loop(self) -> None:
        while not self._stopped.is_set():
            try:
                self.step()
                wait = self._terms.period
            except Exception:  # noqa: BLE001 - whatever it was: not renewed is not held, and it is tried again
                self._version = ""  # read it again: somebody may have taken it meanwhile
                wait = RETRY
            self._stopped.wait(wait)

    def _observe(self, lease: dict[str, Any]) -> None:
        spec = lease.get("spec") or {}
        mark = (spec.get("holderIdentity"), spec.get("renewTime"))
        if mark != self._observed[0]:
            self._observed = (mark, self._clock())
        self.holder = spec.get("holderIdentity") or ""
        if self.holder != self.name:
            self._renewed = None
        self._version = lease["metadata"]["resourceVersion"]
        self.term = int(spec.get("leaseTransitions") or 0)
        self._acquired = spec.get("acquireTime") or ""

    def _run_out(self) -> bool:
        return self._clock() - self._observed[1] >= self._terms.duration

    def _renew(self) -> None:
        begun = self._clock()
        self._write(self.name, self._terms.duration)
        self._renewed = begun

    def _take(self) -> None:
        if self.holder != self.name:
            self.term += 1
            self._acquired = ""
        self._renew()
        self.holder = self.name

    def _create(self) -> None:
        begun = self._clock()
        made = self._api.post(LEASES, self._body(self.name, self._terms.duration), TRY_LIMIT)
        self._observe(made)
        self._renewed = begun

    def _write(self, holder: str, seconds: float) -> None:
        body = self._body(holder, seconds)
        body["metadata"]["resourceVersion"] = self._version
        written = self._api.put(f"{LEASES}/{NAME}", body, TRY_LIMIT)
        self._observe(written)

    def _body(self, holder: str, seconds: float) -> dict[str, Any]:
        now = datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
        self._acquired = self._acquired or now
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": NAME, "namespace": NAMESPACE},
            "spec": {
                "holderIdentity": holder,
                "leaseDurationSeconds": max(1, round(seconds)),
                "acquireTime": self._acquired,
                "renewTime": now,
                "leaseTransitions": self.term,
            },
        }
