"""Whether services really run: systemd's word, and whether the process behind it is able to do anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pyinfra.api import FactBase, QuoteString, StringCommand

from kubestead.facts.systemd import common_state, unit_properties

SCRIPT = Path(__file__).with_name("service.sh")
_STOPPED = ("T", "t")


@dataclass(frozen=True)
class Service:
    """A unit as it is.

    Args:
        load: systemd's LoadState: ``loaded``, ``masked``, ``not-found``.
        active: its ActiveState: ``active``, ``failed``, ``activating`` (also between two tries of a crash loop).
        enabled: its UnitFileState: ``enabled``, ``disabled``, ``masked``.
        needs_reload: its files changed since systemd read them.
        restarts: how often systemd has started it again by itself.
        process: the kernel's letter for its main process (``S``, ``T`` ...); None where it has none.
        frozen: its cgroup is frozen.
        answers: containerd only: it answers on its socket; None where it was not asked.
    """

    load: str = ""
    active: str = ""
    enabled: str = ""
    needs_reload: bool = False
    restarts: int = 0
    process: str | None = None
    frozen: bool = False
    answers: bool | None = None

    @property
    def runs(self) -> bool:
        """It is active, and its process can do something."""
        return (
            self.active == "active" and self.process not in _STOPPED and not self.frozen and self.answers is not False
        )

    def __str__(self) -> str:
        words = [self.active or "unknown", self.enabled or self.load]
        words += ["stopped by a signal"] if self.process in _STOPPED else []
        words += ["frozen"] if self.frozen else []
        words += ["not answering"] if self.answers is False else []
        return ", ".join(filter(None, words))


class Services(FactBase[dict[str, Service]]):
    """The state of each of ``units`` (``kubelet.service``)."""

    default = dict

    def requires_command(self, units: tuple[str, ...]) -> str:
        return "systemctl"

    def command(self, units: tuple[str, ...]) -> StringCommand:
        return StringCommand("set --", *[QuoteString(unit) for unit in units], "\n" + SCRIPT.read_text())

    def process(self, output: list[str]) -> dict[str, Service]:
        return {
            unit: Service(
                **common_state(values),
                restarts=int(values.get("NRestarts") or 0),
                process=values.get("Process") or None,
                frozen=values.get("Frozen") == "yes",
                answers={"yes": True, "no": False}.get(values.get("Answers", "")),
            )
            for unit, values in unit_properties(output).items()
        }
