"""One thing that is wrong, and words shared by the rules that find it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kubestead.diagnose.cause import Cause
from kubestead.diagnose.model import Seen
from kubestead.diagnose.remedy import LADDER, Remedy

# The kubelet renews its lease every 10 s; past this it missed a beat (the watcher's own limit too).
LEASE_FRESH_SECONDS = 15.0
_WORDS = 300


@dataclass(frozen=True)
class Finding:
    """A cause that was found.

    Args:
        cause: what it would be, were nothing deeper found.
        text: the evidence, a sentence without a full stop.
        rungs: the remedies that may help in this case, out of the cause's ladder; None: all of it.
        advice: the next command where it is not the cause's usual one.
        mild: it stands only where nothing else is wrong, however deep its cause: it may be what is left of the past.
    """

    cause: Cause
    text: str
    rungs: tuple[Remedy, ...] | None = None
    advice: str = ""
    mild: bool = False

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """In the ladder's order, least first."""
        ladder = LADDER[self.cause]
        return ladder if self.rungs is None else tuple(rung for rung in ladder if rung in self.rungs)


def shortened(text: str, length: int = _WORDS) -> str:
    """On one line, and not endless."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 3]}..."


def ago(seconds: float | None) -> str:
    """`` for 43 s``, `` for 5 min``; empty where it is unknown."""
    if seconds is None:
        return ""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f" for {seconds / size:.0f} {unit}"
    return f" for {seconds:.0f} s"


def size(count: float) -> str:
    """Bytes for people."""
    for factor, unit in ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB")):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count:.0f} bytes"


def heard(seen: Seen) -> bool:
    """The API says the node is Ready, and its kubelet renewed its lease a moment ago."""
    age = seen.api.lease_age
    ready = seen.api.ready
    return ready is not None and ready.status == "True" and age is not None and age < LEASE_FRESH_SECONDS


# klog's head, "E1122 10:00:00.000000    4711 run.go:72] ", tells a person nothing here.
_HEAD = re.compile(r"^[IWEF]\d{4} [\d:.]+\s+\d+ [\w./-]+:\d+\] ")
_FAILED = re.compile(r'^"command failed" err="(.*)"$')
_FATAL = re.compile(
    r"command failed|panic:|fatal|address already in use|Failed to start ContainerManager|^F\d{4} |level=fatal"
    r"|level=error|^containerd: |[Ff]ailed to run "
)
_SYSTEMD = re.compile(
    r"^(\w+\.service: |Started |Stopped |Starting |Stopping |Failed to start |Main process|Failed with)"
)


def last_words(log: Sequence[str]) -> str:
    """The line of a service's log that says why it ended: its last fatal one, else its last one at all."""
    own = [line for line in log if line.strip() and not _SYSTEMD.match(line)]
    fatal = [line for line in own if _FATAL.search(line)]
    chosen = (fatal or own or list(log) or [""])[-1]
    return shortened(_FAILED.sub(r"\1", _HEAD.sub("", chosen).strip()))
