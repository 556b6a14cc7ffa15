"""Facts about the present boot."""

from __future__ import annotations

from pyinfra.api import FactBase


class BootId(FactBase[str | None]):
    """The kernel's name for this boot, another after each; as the kubelet tells it to the API."""

    @staticmethod
    def default() -> None:
        return None

    def command(self) -> str:
        return "cat /proc/sys/kernel/random/boot_id"

    def process(self, output: list[str]) -> str | None:
        return output[0].strip() or None
