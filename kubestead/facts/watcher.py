"""Facts about a host that runs, or is to run, the watcher."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pyinfra.api import FactBase

SCRIPT = Path(__file__).with_name("watcher.sh")


@dataclass(frozen=True)
class WatcherHost:
    """What a host has of the watcher and of what it needs.

    Args:
        login, group, home: the user SSH logs in as, also below sudo.
        python: the host's Python, as in ``3.10``; None where it has none, or one without its whole standard library.
        bundle: the key of the software in force; None where there is none.
        public_key: the watcher's own SSH key, made on this host; None where there is none.
        present: everything of the watcher that is there: its user, folders and unit.
    """

    login: str
    group: str
    home: str
    python: str | None = None
    bundle: str | None = None
    public_key: str | None = None
    present: tuple[str, ...] = ()


class WatcherHostFacts(FactBase[WatcherHost | None]):
    """See :class:`WatcherHost`; None when the host could not tell."""

    @staticmethod
    def default() -> None:
        return None

    def command(self) -> str:
        return SCRIPT.read_text()

    def process(self, output: list[str]) -> WatcherHost:
        pairs = [line.partition("=")[::2] for line in output]
        values = {key: value for key, value in pairs if value}
        return WatcherHost(
            login=values["login"],
            group=values["group"],
            home=values["home"],
            python=values.get("python") if values.get("library") else None,
            bundle=values.get("bundle"),
            public_key=values.get("public_key"),
            present=tuple(value for key, value in pairs if key == "present"),
        )
