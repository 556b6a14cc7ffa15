"""A working folder as an operator has it, and SSH servers to connect to."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paramiko
import pytest
import yaml

from tests.connection.server import SshServer

REPOSITORY = Path(__file__).parents[2]
INVENTORY = "from kubestead.inventory import load\ncontrol_plane, workers = load()\n"
Hosts = dict[str, Any]


@dataclass(frozen=True)
class Desk:
    """Where the operator works."""

    folder: Path

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    def site(self, hosts: Hosts, **everyone: Any) -> None:
        """Write the site file; all hosts are on 127.0.0.1."""
        general = {"user": "me", "key": "id", "known_hosts": "known_hosts", **everyone}
        named = {}
        for number, (name, host) in enumerate(hosts.items(), 1):
            group = "control_plane" if number == 1 else "workers"
            named[name] = {"address": "127.0.0.1", "node_address": f"10.0.0.{number}", "group": group, **host}
        (self.folder / "site.yaml").write_text(yaml.safe_dump({"hosts": {"all": general, **named}}))

    def run(self, program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run pyinfra or kubestead there, where nobody can be asked."""
        argv = [str(Path(sys.executable).with_name(program)), *arguments]
        settings = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYINFRA_PROGRESS": "off", "HOME": str(self.folder)}
        settings.pop("KUBESTEAD_SITE", None)
        settings.pop("KUBESTEAD_SUDO_PASSWORD", None)
        return subprocess.run(
            argv, cwd=self.folder, env={**settings, **environment}, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=60, check=False,
        )  # fmt: skip

    def shell(self, command: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """``pyinfra inventory.py exec -- command``."""
        return self.run("pyinfra", "-y", *options, "inventory.py", "exec", "--", command, **environment)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    for name in ("config.py", "deploys"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    (tmp_path / "inventory.py").write_text(INVENTORY)
    (tmp_path / ".ssh").mkdir(mode=0o700)
    paramiko.RSAKey.generate(2048).write_private_key_file(str(tmp_path / "id"))
    return Desk(tmp_path)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., SshServer]]:
    """Starts servers, which end with the test."""
    servers: list[SshServer] = []

    def start(**options: Any) -> SshServer:
        servers.append(SshServer(tmp_path, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
