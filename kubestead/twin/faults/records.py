"""Which faults are in force on a twin, and what healing them needs: files in the twin's folder, outside its hosts."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from kubestead.errors import KubesteadError
from kubestead.twin.state import Files, read_json, write_json

_RECORD = "record.json"


@dataclass(frozen=True)
class InForce:
    """A fault in force.

    Args:
        node: the host it was given to.
        fault: its name.
        since: when, in ISO 8601 with the time zone.
        folder: what healing needs is here.
    """

    node: str
    fault: str
    since: str
    folder: Path

    @property
    def saved(self) -> Path:
        """A tar of the files it changed; there may be none."""
        return self.folder / "saved.tar"

    @property
    def kept(self) -> Path:
        """What its ``keep`` wrote; there may be none."""
        return self.folder / "kept"


def in_force(paths: Files, node: str | None = None) -> list[InForce]:
    """The faults in force on the twin, or on one host of it, oldest first."""
    found = []
    for path in (paths.state / "faults").glob(f"{node or '*'}/*/{_RECORD}"):
        data = read_json(path)
        found.append(InForce(path.parents[1].name, path.parent.name, str(data.get("since", "")), path.parent))
    return sorted(found, key=lambda one: one.since)


def begin(paths: Files, node: str, fault: str) -> InForce:
    """Write down that a fault is about to be in force.

    Raises:
        KubesteadError: it is already.
    """
    folder = paths.state / "faults" / node / fault
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        raise KubesteadError(
            f"{node}: {fault} is in force already; undo it: kubestead twin heal {node} {fault} --name {paths.run.name}"
        ) from None
    since = datetime.now(timezone.utc).isoformat(timespec="microseconds")
    write_json(folder / _RECORD, {"since": since})
    return InForce(node, fault, since, folder)


def end(one: InForce) -> None:
    """Forget a fault that is not in force any more, with all that was kept for healing it."""
    shutil.rmtree(one.folder)


def forget(paths: Files, nodes: Iterable[str]) -> None:
    """Forget the faults of hosts whose disks are written anew; without names, of all hosts."""
    folder = paths.state / "faults"
    for path in [folder / node for node in nodes] or [folder]:
        shutil.rmtree(path, ignore_errors=True)
