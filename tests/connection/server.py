"""An SSH server for tests: it lets anybody with a key in, runs commands here, and forwards (direct-tcpip)."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any

import paramiko


def new_key() -> paramiko.PKey:
    """A host key; ECDSA, which paramiko can make."""
    return paramiko.ECDSAKey.generate()


class SshServer(paramiko.ServerInterface):
    """One server on 127.0.0.1; its key can be changed between connections.

    Args:
        key: its host key.
        forwards: whether it serves as a jump host.
        home: where commands run; programs in its folder ``bin`` come first.
    """

    def __init__(self, home: Path, key: paramiko.PKey | None = None, forwards: bool = True) -> None:
        self.key, self.forwards, self.home = key or new_key(), forwards, home
        self.logins: list[str] = []
        self.commands: list[str] = []
        self.connections: list[paramiko.Transport] = []
        self._targets: dict[int, socket.socket] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.name = f"[127.0.0.1]:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def line(self) -> str:
        """Its line of known_hosts."""
        return f"{self.name} {self.key.get_name()} {self.key.get_base64()}\n"

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        transport = paramiko.Transport(connection)
        self.connections.append(transport)
        transport.add_server_key(self.key)
        try:
            transport.start_server(server=self)
        except (paramiko.SSHException, EOFError):
            return
        while (channel := transport.accept(60)) is not None:
            if (target := self._targets.pop(channel.chanid, None)) is not None:
                threading.Thread(target=_relay, args=(channel, target), daemon=True).start()
                threading.Thread(target=_relay, args=(target, channel), daemon=True).start()

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.logins.append(username)
        return paramiko.AUTH_SUCCESSFUL if username != "stranger" else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def check_channel_direct_tcpip_request(self, chanid: int, origin: Any, destination: tuple[str, int]) -> int:
        if not self.forwards:
            return paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        try:
            self._targets[chanid] = socket.create_connection(destination, 5)
        except OSError:
            return paramiko.OPEN_FAILED_CONNECT_FAILED
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self.commands.append(command.decode())
        threading.Thread(target=self._run, args=(channel, command.decode()), daemon=True).start()
        return True

    def _run(self, channel: paramiko.Channel, command: str) -> None:
        given = b"".join(iter(lambda: channel.recv(65536), b""))
        path = {**os.environ, "PATH": f"{self.home}/bin:{os.environ['PATH']}"}
        done = subprocess.run(
            ["sh", "-c", command], input=given, capture_output=True, cwd=self.home, env=path, check=False
        )
        channel.sendall(done.stdout)
        channel.sendall_stderr(done.stderr)
        channel.send_exit_status(done.returncode)
        channel.close()


def _relay(source: Any, sink: Any) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    sink.close()
