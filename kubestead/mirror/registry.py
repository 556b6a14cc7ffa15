"""The mirror's registry: docker-registry on a folder, for filling it and for serving it."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from kubestead.errors import KubesteadError

START_SECONDS = 15.0


def configuration(storage: Path, address: str, *, read_only: bool, tls: tuple[Path, Path] | None = None) -> str:
    """docker-registry's configuration file.

    Args:
        storage: the folder it keeps blobs and manifests in.
        address: where it listens (``127.0.0.1:5000``).
        read_only: refuse pushes and deletes.
        tls: certificate and key, PEM files; plain HTTP without.
    """
    http: dict[str, object] = {"addr": address, "headers": {"X-Content-Type-Options": ["nosniff"]}}
    if tls:
        http["tls"] = {"certificate": str(tls[0]), "key": str(tls[1])}
    return yaml.safe_dump(
        {
            "version": 0.1,
            "log": {"level": "info", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": str(storage)},
                "maintenance": {"readonly": {"enabled": read_only}, "uploadpurging": {"enabled": False}},
            },
            "http": http,
        }
    )


class Registry:
    """A running docker-registry; it ends with the process that started it, however that one ends."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process = process
        self.address = address
        self._said: deque[str] = deque(maxlen=20)
        self._listening = False
        self._decided = threading.Event()  # set when it listens, or when it never will
        threading.Thread(target=self._read, daemon=True).start()

    def when_ended(self, call: Callable[[], None]) -> None:
        """Call ``call`` when the process has ended, however it ended."""

        def watch() -> None:
            self.process.wait()
            call()

        threading.Thread(target=watch, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stderr or ():
            self._said.append(line.rstrip())
            if "listening on" in line:
                self._listening = True
                self._decided.set()
        self._decided.set()

    def wait_until_listening(self) -> None:
        """Return when it answers.

        Raises:
            KubesteadError: it ended, or did not answer in time; with what it said.
        """
        self._decided.wait(START_SECONDS)
        if not self._listening:
            said = "\n  ".join(self._said)
            raise KubesteadError(f"docker-registry did not start on {self.address}; is the port taken?\n  {said}")


@contextmanager
def running(
    storage: Path, address: str, *, read_only: bool = False, tls: tuple[Path, Path] | None = None
) -> Iterator[Registry]:
    """Run docker-registry on a folder for the length of a block."""
    # The configuration is a file in memory, so that nothing is left behind however this process ends.
    descriptor = os.memfd_create("docker-registry.yml")
    os.write(descriptor, configuration(storage, address, read_only=read_only, tls=tls).encode())
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig=TERM", "docker-registry", "serve", f"/proc/self/fd/{descriptor}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace", pass_fds=(descriptor,),
    )  # fmt: skip
    os.close(descriptor)
    try:
        registry = Registry(process, address)
        registry.wait_until_listening()
        yield registry
    finally:
        process.terminate()
        process.wait()


def free_port(address: str = "127.0.0.1") -> int:
    """A TCP port nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])
