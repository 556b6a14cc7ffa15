"""Facts about systemd units, several in one round trip."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand


@dataclass(frozen=True)
class UnitState:
    """A unit in systemd's words: load ``loaded`` or ``masked``, active ``active`` or ``failed``, enabled ``enabled``.

    ``needs_reload`` is True when its files changed since systemd read them.
    """

    load: str
    active: str
    enabled: str
    needs_reload: bool


class UnitStates(FactBase[dict[str, UnitState]]):
    """The state of each of ``units`` (``containerd.service``), known to systemd or not."""

    default = dict
    _properties = ("Id", "LoadState", "ActiveState", "UnitFileState", "NeedDaemonReload")

    def requires_command(self, units: tuple[str, ...]) -> str:
        return "systemctl"

    def command(self, units: tuple[str, ...]) -> StringCommand:
        return StringCommand(
            "systemctl", "show", f"--property={','.join(self._properties)}", *[QuoteString(unit) for unit in units]
        )

    def process(self, output: list[str]) -> dict[str, UnitState]:
        states = {}
        for block in "\n".join(output).split("\n\n"):
            values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
            if values.get("Id"):
                states[values["Id"]] = UnitState(
                    load=values.get("LoadState", ""),
                    active=values.get("ActiveState", ""),
                    enabled=values.get("UnitFileState", ""),
                    needs_reload=values.get("NeedDaemonReload") == "yes",
                )
        return states
