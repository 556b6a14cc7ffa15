"""Facts about the clock's keeper."""

from __future__ import annotations

from pyinfra.api import FactBase

KEEPERS = ("chrony.service", "chronyd.service", "systemd-timesyncd.service", "ntp.service", "ntpsec.service")


class ActiveTimeKeeper(FactBase[str | None]):
    """The service that keeps the clock now (``chrony.service``), or None."""

    @staticmethod
    def default() -> None:
        return None

    def command(self) -> str:
        return f"for u in {' '.join(KEEPERS)}; do systemctl is-active --quiet $u && echo $u; done; true"

    def process(self, output: list[str]) -> str | None:
        return output[0] if output else None
