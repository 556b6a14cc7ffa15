"""Following a run: pyinfra's callbacks, its warnings and errors, and its end, each written down at once."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

from pyinfra import context, logger
from pyinfra.api.host import Host
from pyinfra.api.state import BaseStateCallback, State, StateStage

from kubestead import commandline
from kubestead.clock import now
from kubestead.invocation import Invocation
from kubestead.owner import Owner
from kubestead.record.read import BEGUN, END, FOLDER, HEAD, MESSAGES, OPERATIONS, folder_name
from kubestead.record.redact import redact
from kubestead.record.write import Writer
from kubestead.runrecord.ending import exit_code, last_words, outcome
from kubestead.runrecord.madewith import made_with
from kubestead.runrecord.messages import Messages
from kubestead.runrecord.secrets import said
from kubestead.unreachable import why_not_0


class RunRecord(BaseStateCallback):
    """Records one run; as a context manager it records the run's end too.

    pyinfra declares its callbacks static and calls them on the handler; a method serves as well.
    """

    def __init__(self, command: Invocation, folder: Path = FOLDER) -> None:
        self._command, self._began = command, now()
        self._writer = Writer(folder / folder_name(self._began), logger.warning)
        self._head: dict[str, Any] = {}
        self._messages = Messages(self._message)
        self._kept: list[dict[str, Any]] = []
        self._started: dict[tuple[str, str], float] = {}
        self._ended: list[tuple[Host, str, float, float]] = []
        self._announced: set[str] = set()
        self._written = False

    def tell(self, **facts: Any) -> None:
        """Add facts to the head of the record: ``cluster``, ``nodes``, ``hosts``, ``findings``, ``pod_networks``."""
        self._head |= facts
        if self._written and facts:
            self._write_head()

    def follow(self, state: State) -> None:
        """Follow the operations of this run; again is harmless."""
        if self not in state.callback_handlers:
            state.add_callback_handler(self)  # type: ignore[no-untyped-call]

    def operation_start(self, state: State, op_hash: str) -> None:  # type: ignore[override]
        self._announce(state, op_hash, sorted(host.name for host in state.active_hosts if op_hash in state.ops[host]))
        self._announced.add(op_hash)

    def operation_host_start(self, state: State, host: Host, op_hash: str) -> None:  # type: ignore[override]
        if op_hash not in state.ops.get(host, {}):
            return  # skipped
        # Operations inside others, and with pyinfra's --serial and --no-wait all, start on one host.
        if op_hash not in self._announced:
            self._announce(state, op_hash, [host.name])
        self._started[op_hash, host.name] = now()

    def operation_host_success(self, state: State, host: Host, op_hash: str, retry_count: int = 0) -> None:  # type: ignore[override]
        self._end(state, host, op_hash)

    def operation_host_error(  # type: ignore[override]
        self, state: State, host: Host, op_hash: str, retry_count: int = 0, max_retries: int = 0
    ) -> None:
        self._end(state, host, op_hash)

    def operation_end(self, state: State, op_hash: str) -> None:  # type: ignore[override]
        self._flush(state)

    def host_disconnect(self, state: State, host: Host) -> None:  # type: ignore[override]
        # pyinfra never ends an operation whose failure ends the run; what became of it on each host is known by now.
        self._flush(state)

    def __enter__(self) -> RunRecord:
        logger.addHandler(self._messages)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        logger.removeHandler(self._messages)
        if not context.ctx_state.isset() or not context.state.initialised:  # type: ignore[no-untyped-call]
            return
        state: State = context.state
        stage, code = state.current_stage, exit_code(error)
        # What was only looked at or declined leaves nothing; what was refused or could not connect does.
        if stage >= StateStage.Execute or (code and stage >= StateStage.Connect):
            self._flush(state)
            self._begin()
            end = {"ended": now(), "outcome": outcome(stage, code, error), "exit_code": code}
            failed = sorted(host.name for host in state.failed_hosts)
            self._writer.whole(END, {**end, "error": self._why(error), "failed_hosts": failed})
        self._writer.close()

    def _why(self, error: BaseException | None) -> str:
        """What the run ended for; where all was done but for hosts that were left out, that."""
        return last_words(error) or redact(why_not_0(commandline.command(self._command.options)))

    def _announce(self, state: State, op_hash: str, hosts: list[str]) -> None:
        self._begin()
        phase, operation = _names(state, op_hash)
        self._writer.line(BEGUN, {"start": now(), "phase": phase, "operation": operation, "hosts": hosts})

    def _end(self, state: State, host: Host, op_hash: str) -> None:
        self._flush(state)
        self._ended.append((host, op_hash, self._started.pop((op_hash, host.name), now()), now()))

    def _flush(self, state: State) -> None:
        """Write what is complete by now: while pyinfra tells of an operation's end on a host, that one is not yet."""
        kept = []
        for host, op_hash, start, end in self._ended:
            data = state.ops[host][op_hash]
            meta = data.operation_meta
            if not meta.is_complete():
                kept.append((host, op_hash, start, end))
                continue
            phase, operation = _names(state, op_hash)
            line = {"host": host.name, "phase": phase, "operation": operation, "start": start, "end": end}
            line |= {"changed": meta.did_change(), "error": meta.did_error()}
            self._writer.line(OPERATIONS, {**line, "said": said(data)} if meta.did_error() else line)
        self._ended = kept

    def _message(self, line: dict[str, Any]) -> None:
        if self._written:
            self._writer.line(MESSAGES, line)
        else:
            self._kept.append(line)

    def _begin(self) -> None:
        """The record is made with the first operation: a dry run leaves none."""
        if self._written:
            return
        self._written = True
        self._head["made_with"] = made_with()
        self._write_head()
        for line in self._kept:
            self._writer.line(MESSAGES, line)

    def _write_head(self) -> None:
        known = {"began": self._began, "deploys": list(self._command.deploys), "command": self._command.words}
        self._writer.whole(HEAD, {**known, "owner": Owner.present().to_data(), **self._head})


def _names(state: State, op_hash: str) -> tuple[str, str]:
    """Phase and operation."""
    phase, _, operation = redact(", ".join(sorted(state.get_op_meta(op_hash).names))).rpartition(" | ")
    return phase, operation
