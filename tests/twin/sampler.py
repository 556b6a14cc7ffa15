"""What anybody could see while a run goes on: every process's words and environment, and hosts' temporary files.

A program of its own, `python -m tests.twin.sampler FILE TWIN FOLDER`, until it is told to end. The twin's hosts are
containers of this machine, so one look at /proc is one at the controller and at all hosts.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

EVERY_SECONDS = 0.1
LARGEST = 1_000_000
TEMPORARY = ("tmp", "var/tmp", "dev/shm")


@contextmanager
def sampling(file: Path, twin: str, temporary: Path) -> Iterator[None]:
    """Sample into ``file``, JSON lines of ``kind``, ``where`` and ``text``, while the body runs.

    ``temporary`` is the controller's folder for temporary files.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.twin.sampler", str(file), twin, str(temporary)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "sampling\n"
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, "the sampler ended by itself"


class Sampler:
    """Writes down what it has not seen yet."""

    def __init__(self, file: Path, twin: str, temporary: Path) -> None:
        self._file = file.open("w")
        self._twin, self._temporary = twin, temporary
        self._words: dict[str, str] = {}
        self._seen: set[tuple[str, str]] = set()

    def look(self) -> None:
        """Once."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    self._process(entry)
        self._file.flush()

    def files(self) -> None:
        """The controller's and the hosts' temporary files that others may read."""
        hosts = [init / "root" / folder for init in self._inits() for folder in TEMPORARY]
        for folder in (self._temporary, *hosts):
            for path in folder.rglob("*"):
                with suppress(OSError):
                    if path.is_file() and path.stat().st_mode & 0o077 and path.stat().st_size < LARGEST:
                        self._write("temporary file", path.name, path.read_bytes())

    def _process(self, entry: Path) -> None:
        words = (entry / "cmdline").read_bytes().decode(errors="replace")
        if not words or self._words.get(entry.name) == words:
            return
        self._words[entry.name] = words
        self._write("words", entry.name, words.encode())
        self._write("environment", entry.name, (entry / "environ").read_bytes())

    def _inits(self) -> list[Path]:
        """The first process of each host of the twin: the only child of its systemd-nspawn."""
        found = []
        for number, words in list(self._words.items()):
            if f"--machine=kubestead-{self._twin}-" in words and words.startswith("systemd-nspawn"):
                with suppress(OSError):
                    children = Path("/proc", number, "task", number, "children").read_text().split()
                    found += [Path("/proc", child) for child in children]
        return found

    def _write(self, kind: str, where: str, data: bytes) -> None:
        text = data.decode(errors="replace").replace("\0", "\n")
        if (kind, text) not in self._seen:
            self._seen.add((kind, text))
            self._file.write(json.dumps({"kind": kind, "where": where, "text": text}) + "\n")


def main(file: str, twin: str, temporary: str) -> None:
    """Sample until SIGTERM."""
    going = True

    def end(*_: object) -> None:
        nonlocal going
        going = False

    signal.signal(signal.SIGTERM, end)
    sampler = Sampler(Path(file), twin, Path(temporary))
    sampler.look()
    print("sampling", flush=True)
    rounds = 0
    while going:
        sampler.look()
        if rounds % 5 == 0:
            sampler.files()
        rounds += 1
        time.sleep(EVERY_SECONDS)


if __name__ == "__main__":
    main(*sys.argv[1:])
