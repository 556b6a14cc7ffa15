"""From the lines that the scripts print on hosts to what is known. Pure."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from kubestead.cilium.status.agent import Drops, agent_status, drops, health_paths
from kubestead.cilium.status.model import HostView
from kubestead.cilium.status.trouble import shortened

_T = TypeVar("_T")
_LIMIT = (124, 137)
# The runtime's head of a log line, then the agent's own: "2026-... stderr F time=... level=error source=... msg=".
_HEAD = re.compile(r"^\S+ std(?:out|err) [FP] ")
_OWN = re.compile(r"\b(?:time|source)=(?:\"[^\"]*\"|\S+) ?")
_FATAL, _ERROR, _ANY = re.compile(r"level=fatal|panic:"), re.compile(r"level=error"), re.compile(r"\S")


def host_view(lines: Sequence[str]) -> HostView:
    """What ``cilium_host.sh`` printed.

    Raises:
        ValueError: it did not come to its end.
    """
    rows = [(key, value) for key, tab, value in (line.partition("\t") for line in lines) if tab]
    one = dict(rows)
    if one.get("end") != "yes" or "node" not in one:
        raise ValueError("what it says of its Cilium agent is cut off")
    asked = Answers(one)
    status, paths = asked.of("status", agent_status), asked.of("health", health_paths)
    return HostView(
        node=one["node"],
        process="" if one.get("process") == "none" else one.get("process"),
        status=status,
        paths=paths,
        probes={address: word for key, value in rows if key == "probe" for address, _, word in [value.partition(" ")]},
        drops=_both(asked.of("drops", drops), asked.of("drops_again", drops)),
        links={name: int(size) for name, size in _pairs(rows, "link", " ") if size.isdigit()},
        settings=_settings(rows) or None,
        cni_files=_files(rows) if "cni_files" in one else None,
        words=last_words([value for key, value in rows if key == "log"]),
        troubles=asked.troubles,
    )


class Answers:
    """Answers of programs, ``CODE OUTPUT`` by their question; what cannot be used is remembered with the reason."""

    def __init__(self, said: Mapping[str, str]) -> None:
        self._said = said
        self.troubles: dict[str, str] = {}

    def of(self, question: str, read: Callable[[Any], _T]) -> _T | None:
        """The answer as ``read`` understands it; None where there is none."""
        if question not in self._said:
            return None
        code, _, text = self._said[question].partition(" ")
        if code == "0":
            try:
                return read(json.loads(text))
            except (ValueError, TypeError, AttributeError, KeyError) as error:
                self.troubles[question] = f"an answer that cannot be read ({error!r})"
                return None
        late = code.isdigit() and int(code) in _LIMIT
        self.troubles[question] = "no answer in its time" if late else shortened(text) or f"exit code {code}"
        return None


def words(line: str) -> str:
    """A line of a container's log as the agent wrote it, without times and places in its source."""
    return shortened(_OWN.sub("", _HEAD.sub("", line)), 400)


def _both(first: Drops | None, second: Drops | None) -> tuple[Drops, Drops] | None:
    return None if first is None or second is None else (first, second)


def _pairs(rows: Sequence[tuple[str, str]], wanted: str, between: str) -> list[tuple[str, str]]:
    return [(name, rest) for key, value in rows if key == wanted for name, _, rest in [value.partition(between)]]


def _settings(rows: Sequence[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in _pairs(rows, "setting", ":"):
        found[name] = f"{found[name]}\n{value}" if name in found else value
    return found


def _files(rows: Sequence[tuple[str, str]]) -> dict[str, str]:
    return {name: b64decode(text).decode(errors="replace") for name, text in _pairs(rows, "cni_file", " ")}


def last_words(lines: Sequence[str]) -> str:
    """The line of a log that says why it ended: the last fatal one, else the last error, else the last at all."""
    for sign in (_FATAL, _ERROR, _ANY):
        if found := [line for line in lines if sign.search(line)]:
            return words(found[-1])
    return ""
