"""How the controller's SSH connections are tuned."""

from __future__ import annotations

import socket
from typing import Any

import paramiko

# Seconds after which a link that fell silent counts as dead; the kernel alone gives up after a quarter of an hour.
DEAD_AFTER = 30
_IDLE, _BETWEEN = 10, 5
# How often paramiko's reader of an idle connection wakes up to see whether it should end. At its own 0.1 s, fifty hosts
# that install packages for a minute cost the controller 30,000 wake-ups, half of its processor time (bench.scale).
_WAKE_SECONDS = 1.0
# By the names of TCP(7); a system that lacks one does without.
_OPTIONS = {
    # 50 ms less for each command (measured, paramiko 4).
    "TCP_NODELAY": 1,
    "TCP_KEEPIDLE": _IDLE,
    "TCP_KEEPINTVL": _BETWEEN,
    "TCP_KEEPCNT": (DEAD_AFTER - _IDLE) // _BETWEEN,
    "TCP_USER_TIMEOUT": DEAD_AFTER * 1000,
}


def tune_connections() -> None:
    """Have every SSH connection of this process send small packets at once, notice a dead link, and wait calmly.

    pyinfra has a setting for none of it: a run would wait for a host whose link was cut until the command's own limit.
    """
    original = paramiko.Transport.__init__
    if getattr(original, "_tuned", False):
        return

    def initialise(self: paramiko.Transport, sock: Any, *args: Any, **kwargs: Any) -> None:
        if isinstance(sock, socket.socket):
            _tune(sock)
        original(self, sock, *args, **kwargs)
        # AES-GCM checks a packet as it decrypts it; paramiko's first choice takes a loop in Python for each.
        options = self.get_security_options()
        options.ciphers = tuple(sorted(options.ciphers, key=lambda name: "gcm" not in name))

    paramiko.Transport._active_check_timeout = _WAKE_SECONDS  # type: ignore[attr-defined]
    initialise._tuned = True  # type: ignore[attr-defined]
    paramiko.Transport.__init__ = initialise  # type: ignore[method-assign]


def _tune(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _OPTIONS.items():
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
