"""Facts about the room on a host's file systems."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand

# Kubernetes' own hard limit on the inodes, and what a node needs to pull an image of some size.
ENOUGH_MIB = 1024
ENOUGH_INODES_PERCENT = 5


@dataclass(frozen=True)
class FileSystem:
    """A mounted file system: its room in MiB, its free inodes in percent (None where it counts none)."""

    mount: str
    size_mib: int
    free_mib: int
    free_inodes_percent: int | None

    @property
    def short_of_room(self) -> bool:
        """Less than 1 GiB is free; on one smaller than 10 GiB, less than a tenth."""
        return self.free_mib < min(ENOUGH_MIB, self.size_mib // 10)

    @property
    def short_of_inodes(self) -> bool:
        """Less than 5 % of the inodes are free, the kubelet's own limit."""
        return self.free_inodes_percent is not None and self.free_inodes_percent < ENOUGH_INODES_PERCENT

    @property
    def short(self) -> bool:
        """It is nearly full, of either."""
        return self.short_of_room or self.short_of_inodes

    def __str__(self) -> str:
        inodes = "" if self.free_inodes_percent is None else f", {self.free_inodes_percent} % of the inodes"
        return f"{self.mount}: {self.free_mib} of {self.size_mib} MiB{inodes} free"


class FileSystems(FactBase[tuple[FileSystem, ...]]):
    """The file systems that hold ``paths``, each once."""

    default = tuple

    def command(self, paths: tuple[str, ...]) -> StringCommand:
        quoted = [QuoteString(path) for path in paths]
        return StringCommand("df -P -k", *quoted, "2>/dev/null; df -P -i", *quoted, "2>/dev/null; true")

    def process(self, output: list[str]) -> tuple[FileSystem, ...]:
        # NAME TOTAL USED FREE PERCENT MOUNT; a mount point may hold blanks.
        rows = [line.split(maxsplit=5) for line in output if line.strip()]
        sizes: dict[str, list[str]] = {}
        inodes: dict[str, list[str]] = {}
        table = sizes
        for row in rows:
            if row[0] == "Filesystem":
                table = inodes if row[1] == "Inodes" else sizes
            elif len(row) == 6 and row[3].isdigit():
                table[row[5]] = row
        return tuple(
            FileSystem(mount, int(row[1]) // 1024, int(row[3]) // 1024, _percent(inodes.get(mount)))
            for mount, row in sizes.items()
        )


def _percent(row: list[str] | None) -> int | None:
    if row is None or not row[1].isdigit() or row[1] == "0":
        return None
    return int(row[3]) * 100 // int(row[1])
