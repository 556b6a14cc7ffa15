"""A service's lines of the report as a :class:`Unit`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kubestead.diagnose.parse_text import number
from kubestead.diagnose.report import Unit


def unit(said: Mapping[str, Sequence[str]], name: str, uptime: float | None) -> Unit:
    """The unit ``name``; all None where systemd said nothing in its time.

    Args:
        said: the report's lines by key.
        uptime: seconds since the host started, to which systemd's monotonic times are compared.
    """
    values = dict(row.split("=", 1) for row in said.get(f"unit {name}", ()) if "=" in row)

    def text(key: str) -> str | None:
        return values.get(key) or None

    def ago(key: str) -> float | None:
        microseconds = number(values.get(key))
        if uptime is None or not microseconds:
            return None
        return max(0.0, uptime - microseconds / 1e6)

    return Unit(
        load=text("LoadState"),
        active=text("ActiveState"),
        sub=text("SubState"),
        enabled=text("UnitFileState"),
        result=text("Result"),
        restarts=number(values.get("NRestarts")),
        exit_code=number(values.get("ExecMainCode")),
        exit_status=number(values.get("ExecMainStatus")),
        started_ago=ago("ExecMainStartTimestampMonotonic"),
        changed_ago=ago("StateChangeTimestampMonotonic"),
        process=text("Process"),
        frozen="Frozen" in values,
        command=values.get("ExecStart", ""),
        log=tuple(said.get(f"log {name}", ())),
    )
