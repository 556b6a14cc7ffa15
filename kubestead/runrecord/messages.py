"""Warnings and errors of a run, as pyinfra's logger is told them."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import click

from kubestead.clock import now
from kubestead.record.redact import redact

_HOST = re.compile(r"^\s*\[(?P<host>[^\]]+)\]\s+")
# What a failed command printed; the operation's own line has it, without the secrets known there.
_OUTPUT = "print_host_combined_output"


class Messages(logging.Handler):
    """Hands each on as a line of the record: time, level, host, text."""

    def __init__(self, write: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(logging.WARNING)
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        if record.funcName == _OUTPUT:
            return
        text = click.unstyle(record.getMessage())
        found = _HOST.match(text)
        about, text = (found["host"], text[found.end() :]) if found else ("", text)
        level = "error" if record.levelno >= logging.ERROR else "warning"
        self._write({"time": now(), "level": level, "host": about, "text": redact(text).removeprefix("-->").strip()})
