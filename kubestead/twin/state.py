"""Where a twin's files are: what lasts in the user's XDG state folder, what is in force now below /run."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubestead.errors import InvalidInput
from kubestead.twin.plan import Node, Plan, name_findings
from kubestead.twin.record import RECORD, TWINS

KERNEL_SETTINGS = Path("/run/kubestead/kernel-settings.json")


@dataclass(frozen=True)
class Files:
    """Every path of one twin.

    Args:
        state: the folder with its disks, keys, logs and site file.
        run: the folder with its record and the supervisor's socket.
    """

    state: Path
    run: Path

    @property
    def plan(self) -> Path:
        return self.state / "plan.json"

    @property
    def site(self) -> Path:
        return self.state / "site.yaml"

    @property
    def key(self) -> Path:
        return self.state / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        return self.state / "known_hosts"

    @property
    def supervisor_log(self) -> Path:
        return self.state / "supervisor.log"

    @property
    def mirror_log(self) -> Path:
        return self.state / "mirror.log"

    @property
    def record(self) -> Path:
        return self.run / RECORD

    @property
    def socket(self) -> Path:
        return self.run / "control.sock"

    @property
    def lock(self) -> Path:
        return self.run / "supervisor.lock"

    def node(self, node: Node) -> Path:
        """The folder of one host: its disks, its SSH host key and its console's log."""
        return self.state / "nodes" / node.name


def files(name: str) -> Files:
    """The paths of a twin; while it is in force its record says where, so that any root shell finds them.

    Raises:
        InvalidInput: it is not a name a twin can have, and so must not become a part of paths.
    """
    if found := name_findings(name):
        raise InvalidInput(found)
    run = TWINS / name
    recorded = read_json(run / RECORD).get("state")
    base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state")
    return Files(Path(recorded) if recorded else base / "kubestead/twins" / name, run)


def in_force() -> list[str]:
    """The names of the twins with a record on this machine, whether their supervisor lives or not."""
    return sorted(path.parent.name for path in TWINS.glob(f"*/{RECORD}"))


def load_plan(paths: Files) -> Plan | None:
    """The plan the twin was started with; None when there is no such twin."""
    data = read_json(paths.plan)
    return Plan.from_data(data) if data else None


def read_json(path: Path) -> dict[str, Any]:
    """A file's JSON object; empty when the file is missing or was cut short."""
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Write a JSON object so that a reader sees the old file or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(json.dumps(data, indent=1) + "\n")
    beside.replace(path)


def supervisor_alive(paths: Files) -> bool:
    """Whether a supervisor holds the twin's lock; a lock dies with its holder, so a reused pid cannot deceive."""
    try:
        with paths.lock.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@contextmanager
def changing(name: str) -> Iterator[None]:
    """Hold the twin for one ``up`` or ``down`` at a time; a second one waits."""
    folder = TWINS.parent / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
