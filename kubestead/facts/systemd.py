"""Facts about systemd units, several in one round trip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from pyinfra.api import FactBase, QuoteString, StringCommand


class CommonState(TypedDict):
    """The fields :class:`UnitState` shares with other facts about a unit."""

    load: str
    active: str
    enabled: str
    needs_reload: bool


@dataclass(frozen=True)
class UnitState:
    """A unit in systemd's words: load ``loaded`` or ``masked``, active ``active`` or ``failed``, enabled ``enabled``.

    ``needs_reload`` is True when its files changed since systemd read them; ``outdated`` when its main process runs a
    program that was replaced since it started.
    """

    load: str
    active: str
    enabled: str
    needs_reload: bool
    outdated: bool = False


class UnitStates(FactBase[dict[str, UnitState]]):
    """The state of each of ``units`` (``containerd.service``), known to systemd or not."""

    default = dict
    _properties = ("Id", "LoadState", "MainPID", "ActiveState", "UnitFileState", "NeedDaemonReload")

    def requires_command(self, units: tuple[str, ...]) -> str:
        return "systemctl"

    def command(self, units: tuple[str, ...]) -> StringCommand:
        return StringCommand(
            "systemctl", "show", f"--property={','.join(self._properties)}", *[QuoteString(unit) for unit in units],
            """| while IFS= read -r line; do printf '%s\\n' "$line"; case $line in MainPID=[1-9]*)""",
            """case $(readlink "/proc/${line#*=}/exe") in *' (deleted)') echo Outdated=yes;; esac;; esac; done""",
        )  # fmt: skip

    def process(self, output: list[str]) -> dict[str, UnitState]:
        return {
            unit: UnitState(**common_state(values), outdated=values.get("Outdated") == "yes")
            for unit, values in unit_properties(output).items()
        }


class WrittenSinceStart(FactBase[list[str]]):
    """Those of ``files`` that were written after the main process of ``unit`` started, so that it may not know them.

    To the second, as systemd tells the start; empty where the unit does not run.
    """

    default = list

    def requires_command(self, unit: str, files: tuple[str, ...]) -> str:
        return "systemctl"

    def command(self, unit: str, files: tuple[str, ...]) -> StringCommand:
        return StringCommand(
            "started=$(systemctl show --property=ExecMainStartTimestamp --value", QuoteString(unit), ");",
            '[ -n "$started" ] && started=$(date --date="$started" +%s) || exit 0;',
            "for f in", *[QuoteString(file) for file in files],
            """; do [ -e "$f" ] && [ "$(stat -c %Y "$f")" -gt "$started" ] && printf '%s\n' "$f"; done; true""",
        )  # fmt: skip

    def process(self, output: list[str]) -> list[str]:
        return output


def unit_properties(output: list[str]) -> dict[str, dict[str, str]]:
    """The properties of each unit in what ``systemctl show`` printed, by the unit's Id."""
    blocks = "\n".join(output).split("\n\n")
    found = (dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in blocks)
    return {values["Id"]: values for values in found if values.get("Id")}


def common_state(values: dict[str, str]) -> CommonState:
    """What every fact about a unit tells of it, out of its properties."""
    return {
        "load": values.get("LoadState", ""),
        "active": values.get("ActiveState", ""),
        "enabled": values.get("UnitFileState", ""),
        "needs_reload": values.get("NeedDaemonReload") == "yes",
    }
