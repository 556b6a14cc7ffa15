"""Who is at work on which node: at most one thread per node, and what the last look at each found."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Literal

from kubestead.diagnose import Diagnosis, Remedy
from kubestead.recovery.world import Look

Kind = Literal["diagnosing", "applying", "verifying"]
# A process of pyinfra each, of about 70 MiB; one that waits for a host that is off must not hold up the others.
DIAGNOSES_AT_ONCE = 3
NODES_PER_DIAGNOSIS = 10


class Jobs:
    """The threads at work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy: dict[str, tuple[Kind, Remedy | None]] = {}
        self._threads: set[threading.Thread] = set()

    def busy(self, node: str) -> tuple[Kind, Remedy | None] | None:
        """What is being done about a node."""
        return self._busy.get(node)

    def any(self) -> bool:
        """Somebody is at work."""
        return bool(self._busy)

    def nodes(self) -> frozenset[str]:
        """Nodes somebody is at work on."""
        with self._lock:
            return frozenset(self._busy)

    def diagnoses(self) -> int:
        """How many diagnoses run."""
        with self._lock:
            return sum(thread.name.startswith("diagnosing") for thread in self._threads)

    def start(self, nodes: Iterable[str], kind: Kind, remedy: Remedy | None, work: Callable[[], None]) -> None:
        """Do some work on nodes that are free, in a thread."""
        names = list(nodes)

        def run() -> None:
            try:
                work()
            finally:
                with self._lock:
                    for name in names:
                        self._busy.pop(name, None)
                    self._threads.discard(thread)

        thread = threading.Thread(target=run, name=f"{kind} {','.join(names)}", daemon=True)
        with self._lock:
            self._busy.update(dict.fromkeys(names, (kind, remedy)))
            self._threads.add(thread)
        thread.start()

    def verifying(self, node: str) -> None:
        """The remedy ended; whether it helped is being seen."""
        with self._lock:
            self._busy[node] = ("verifying", self._busy[node][1])

    def join(self, seconds: float, power_seconds: float) -> None:
        """Wait for those at work, for who switches power longer: between off and on nobody else would switch on."""
        begun = time.monotonic()
        with self._lock:
            threads = tuple(self._threads)
            switching = [name for name, (_, remedy) in self._busy.items() if remedy is Remedy.POWER_CYCLE]
        for thread in threads:
            limit = power_seconds if thread.name.partition(" ")[2] in switching else seconds
            thread.join(max(0.0, begun + limit - time.monotonic()))


class Looks:
    """The last diagnosis of each suspect."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._looks: dict[str, tuple[Diagnosis, float, int, int]] = {}

    def put(self, diagnosis: Diagnosis) -> bool:
        """Remember one; whether the cause is another than before."""
        before = self._looks.get(diagnosis.node)
        same = before[3] + 1 if before and before[0].cause is diagnosis.cause else 1
        self._looks[diagnosis.node] = (diagnosis, self._clock(), (before[2] if before else 0) + 1, same)
        return same == 1

    def get(self, node: str) -> Look | None:
        """The last one of a node."""
        found = self._looks.get(node)
        if found is None:
            return None
        diagnosis, when, count, same = found
        return Look(diagnosis, self._clock() - when, count, same)

    def forget(self, node: str) -> None:
        """The node is well, or something was done about it: the next look is a first one."""
        self._looks.pop(node, None)
