"""Nodes without machines: Node and Lease objects, renewed every 10 s as kubelets do, by a process of its own."""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from types import TracebackType
from typing import Any

from kubestead.watch.api import NODES, Api, Unanswered, connect, namespaced

LEASES = namespaced("kube-node-lease", "leases")
EVERY = 10.0
AT_ONCE = 8


class FakeNodes:
    """Makes the objects, renews the leases, and deletes everything at the end.

    Args:
        kubeconfig: the cluster.
        count: how many.
    """

    def __init__(self, kubeconfig: Path, count: int) -> None:
        self._kubeconfig, self._count = kubeconfig, count
        self._api = connect(kubeconfig)
        fork = multiprocessing.get_context("spawn")
        self._silent: Any = fork.Array("b", max(count, 1))
        self._last: Any = fork.Array("d", max(count, 1))
        self._renewed: Synchronized[int] = fork.Value("l", 0)
        self._stop: Any = fork.Event()
        arguments = (kubeconfig, count, self._silent, self._last, self._renewed, self._stop)
        self._process = fork.Process(target=renew, args=arguments, daemon=True)
        self._began = time.monotonic()

    def __enter__(self) -> FakeNodes:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._make, range(self._count)))
        if self._count:
            self._process.start()
        self._began = time.monotonic()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        if self._count:
            self._process.join()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._delete, range(self._count)))

    def rate(self) -> float:
        """Renewals per second so far."""
        return self._renewed.value / max(1e-9, time.monotonic() - self._began)

    def silence(self, number: int) -> float:
        """Renew this node no more; when it was renewed last, seconds since 1970."""
        self._silent[number] = 1
        time.sleep(1)  # a renewal under way ends
        return float(self._last[number])

    def _make(self, number: int) -> None:
        # Without the label kubernetes.io/os no DaemonSet puts pods on it, and with the taint nobody else does.
        node = {
            "metadata": {"name": name(number), "labels": {"kubestead.dev/fake": "true"}},
            "spec": {"taints": [{"key": "kubestead.dev/fake", "effect": "NoSchedule"}]},
        }
        self._ignore_conflict(NODES, node)
        now = stamp()
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "Fake",
            "lastHeartbeatTime": now,
            "lastTransitionTime": now,
        }
        self._api.patch(f"{NODES}/{name(number)}/status", {"status": {"conditions": [ready]}})
        self._ignore_conflict(LEASES, lease(number))

    def _ignore_conflict(self, path: str, body: dict[str, Any]) -> None:
        try:
            self._api.post(path, body)
        except Unanswered as error:
            if getattr(error, "status", 0) != 409:
                raise

    def _delete(self, number: int) -> None:
        for path in (f"{NODES}/{name(number)}", f"{LEASES}/{name(number)}"):
            try:
                self._api.open("DELETE", path, {}, None, (5, 30)).data  # noqa: B018 - read, so the connection is free
            except Unanswered as error:
                if getattr(error, "status", 0) != 404:
                    raise


def renew(kubeconfig: Path, count: int, silent: Any, last: Any, renewed: Any, stop: Any) -> None:
    """Renew every lease every 10 s, spread evenly; what cannot be carried is late, and the rate tells."""
    api: Api = connect(kubeconfig)

    def one(number: int) -> None:
        if silent[number]:
            return
        try:
            api.patch(f"{LEASES}/{name(number)}", {"spec": {"renewTime": stamp()}})
        except Unanswered:
            return
        last[number] = time.time()
        with renewed.get_lock():
            renewed.value += 1

    with ThreadPoolExecutor(AT_ONCE) as pool:
        due = time.monotonic()
        while not stop.is_set():
            for number in range(count):
                due += EVERY / count
                stop.wait(max(0.0, due - time.monotonic()))
                if stop.is_set():
                    return
                pool.submit(one, number)
            # Never further behind than one round.
            due = max(due, time.monotonic() - EVERY)


def name(number: int) -> str:
    """A fake node's."""
    return f"fake-{number:04}"


def stamp() -> str:
    """Now, as a Lease has it."""
    return datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def lease(number: int) -> dict[str, Any]:
    """The Lease of a fake node."""
    spec = {"holderIdentity": name(number), "leaseDurationSeconds": 40, "renewTime": stamp()}
    return {"metadata": {"name": name(number), "namespace": "kube-node-lease"}, "spec": spec}
