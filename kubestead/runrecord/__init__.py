"""The edge of the run record to pyinfra: what a run does is written below ``.kubestead/runs/<time>/`` as it happens.

The report, the status, the timings and the benchmarks read it (:mod:`kubestead.record`).
"""

from __future__ import annotations

from typing import Any

import click
from pyinfra import context

from kubestead.invocation import Invocation
from kubestead.runrecord.following import RunRecord

_active: RunRecord | None = None


def start_record() -> None:
    """For ``config.py``: record this run; its end is recorded as pyinfra's command ends, however it ends."""
    global _active  # noqa: PLW0603 - one run per process, and pyinfra hands nothing on from config.py to deploys
    command = Invocation.present()
    if command.is_recorded:
        _active = click.get_current_context().with_resource(RunRecord(command))


def record(**facts: Any) -> None:
    """From a deploy: follow its operations, and say something of the run (see :meth:`RunRecord.tell`)."""
    global _active  # noqa: PLW0603 - as above; a run without our config.py is recorded too, but for its end
    if _active is None:
        _active = RunRecord(Invocation())
    if context.ctx_state.isset() and context.state.initialised:  # type: ignore[no-untyped-call]
        _active.follow(context.state)
    _active.tell(**facts)


__all__ = ["RunRecord", "record", "start_record"]
