"""How a run ended, by what ended pyinfra's command."""

from __future__ import annotations

import click
from pyinfra.api.state import StateStage

from kubestead.record.redact import redact

_STOPPED = (129, 130, 143)  # 128 and the signal's number, as shells tell it


def exit_code(error: BaseException | None) -> int:
    """The command's exit code; ``error`` is what ended it, None for its own end."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    return 0 if error is None else int(getattr(error, "exit_code", 1))


def outcome(stage: StateStage, code: int, error: BaseException | None) -> str:
    """One of :data:`kubestead.record.model.Outcome`, by the stage pyinfra was in."""
    # pyinfra ends with 0 when it is interrupted.
    if isinstance(error, KeyboardInterrupt) or code in _STOPPED or (code == 0 and stage < StateStage.Disconnect):
        return "interrupted"
    if code:
        return "refused" if stage < StateStage.Execute else "failed"
    return "succeeded"


def last_words(error: BaseException | None) -> str:
    """What the command says it ended for; empty where it does not say."""
    if error is None or isinstance(error, SystemExit):
        return ""
    # pyinfra wraps what it did not expect, and such a wrapper has no message of its own.
    inner = getattr(error, "exception", None)
    text = getattr(error, "message", "") or f"{type(inner or error).__name__}: {inner or error}"
    return redact(click.unstyle(str(text)))
