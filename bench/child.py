"""Runs a measured command: its wall time, by a clock that is never set, and its peak memory."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kubestead.errors import KubesteadError


@dataclass(frozen=True)
class Finished:
    """A command that ended well.

    Args:
        started: when it was started, seconds since 1970.
        seconds: how long it ran.
        peak_memory_mib: the most memory it held at a time (resident); None where that is less than this process's
            own, which it inherits (getrusage(2)).
        output: what it printed on stdout.
        cpu_seconds: processor time it used, its children's that ended included.
        code: its exit code.
        said: what it printed on stderr.
    """

    started: float
    seconds: float
    peak_memory_mib: float | None
    output: str
    cpu_seconds: float = 0.0
    code: int = 0
    said: str = ""


def run(argv: Sequence[str], cwd: Path, env: Mapping[str, str], log: Path, code: int | None = 0) -> Finished:
    """Run a command to its end; its stderr is added to ``log``, and its stdout too.

    Args:
        code: the exit code it must end with; None for any.

    Raises:
        KubesteadError: it ended with another; gives the end of what it said.
    """
    with log.open("a+") as both:
        begin = both.seek(0, os.SEEK_END)
        started, clock = time.time(), time.monotonic()
        process = subprocess.Popen(argv, cwd=cwd, env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=both)
        assert process.stdout  # noqa: S101 - for the type checker
        output = process.stdout.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - clock
        process.returncode = os.waitstatus_to_exitcode(status)
        both.seek(begin)
        said = both.read()
        both.write(output)
    if code is not None and process.returncode != code:
        last = "\n".join((said + output).splitlines()[-15:])
        raise KubesteadError(f"{argv[-1]} ended with exit code {process.returncode}; all of it is in {log}:\n{last}")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak = usage.ru_maxrss / 1024 if usage.ru_maxrss > own else None
    return Finished(started, seconds, peak, output, usage.ru_utime + usage.ru_stime, process.returncode, said)
