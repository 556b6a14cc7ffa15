"""The run record: one JSON line per operation and host below ``.kubestead/runs/<time>/``, without secrets.

The report, the timings and the benchmarks are read from it.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

from pyinfra import context
from pyinfra.api.host import Host
from pyinfra.api.state import BaseStateCallback, State

from kubestead.clock import now

FOLDER = Path(".kubestead/runs")


class RunRecorder(BaseStateCallback):
    """Writes, when an operation or the run has ended, what it did on each host.

    pyinfra declares its callbacks static and calls them on the handler; a method serves as well.

    Each line has host, phase, operation, start and end (seconds since the epoch), changed and error.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._times: dict[str, dict[str, list[float]]] = {}

    def operation_host_start(self, state: State, host: Host, op_hash: str) -> None:  # type: ignore[override]
        self._times.setdefault(op_hash, {})[host.name] = [now()]

    def operation_host_success(self, state: State, host: Host, op_hash: str, retry_count: int = 0) -> None:  # type: ignore[override]
        self._times[op_hash][host.name].append(now())

    def operation_host_error(  # type: ignore[override]
        self, state: State, host: Host, op_hash: str, retry_count: int = 0, max_retries: int = 0
    ) -> None:
        self._times[op_hash][host.name].append(now())

    def operation_end(self, state: State, op_hash: str) -> None:  # type: ignore[override]
        for host in state.inventory:
            self._record(state, host, op_hash)

    def host_disconnect(self, state: State, host: Host) -> None:  # type: ignore[override]
        # pyinfra never ends an operation whose failure ends the run; what became of it on each host is known by now.
        for op_hash in tuple(self._times):
            self._record(state, host, op_hash)

    def _record(self, state: State, host: Host, op_hash: str) -> None:
        times = self._times.get(op_hash, {}).pop(host.name, [])
        data = state.ops.get(host, {}).get(op_hash)
        if data is None or len(times) != 2:
            return
        name = ", ".join(sorted(state.get_op_meta(op_hash).names))
        phase, _, operation = name.rpartition(" | ")
        meta = data.operation_meta
        line = {"host": host.name, "phase": phase, "operation": operation, "start": times[0], "end": times[1]}
        self._write({**line, "changed": meta.did_change(), "error": meta.did_error()})

    def _write(self, line: dict[str, object]) -> None:
        # Made with the first line: a dry run leaves no record.
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / "operations.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")


def record() -> None:
    """Record the present run in a folder named by the time it began; call it once."""
    name = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
    context.state.add_callback_handler(RunRecorder(FOLDER / name))  # type: ignore[no-untyped-call]
