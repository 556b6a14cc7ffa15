"""Jump hosts (bastions): the way to hosts that this machine does not reach itself.

pyinfra takes ProxyJump from ssh_config alone, logs in to the jump host once for every target, which sshd's MaxStartups
ends past ten, and asks at the terminal about a jump host's unknown key. Here one connection to a jump host serves all
targets behind it, as channels (direct-tcpip, RFC 4254 section 7.2; sshd's MaxSessions does not count them).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any

import paramiko
from pyinfra.api.exceptions import PyinfraError
from pyinfra.connectors.ssh_util import load_key_with_certificate
from pyinfra.connectors.sshuserclient import client as sshclient

from kubestead.connection.refusals import KeyRefused
from kubestead.errors import KubesteadError

# An idle connection that carries others must not be dropped by a firewall on the way.
KEEPALIVE_SECONDS = 30
Hop = Mapping[str, Any]


class JumpFailed(KubesteadError):
    """A jump host is the reason why a host behind it cannot be reached."""

    def __init__(self, name: str, reason: str, refused: KeyRefused | None = None) -> None:
        super().__init__(f"the jump host {name} {reason}")
        self._name, self._refused = name, refused

    def words(self, command: Callable[[str], str]) -> str:
        """For the person at the terminal; ``command`` gives what makes a name's new key trusted."""
        if self._refused is None:
            return str(self)
        return f"{self}: {self._refused.words(self._name, command(self._name))}"


class Jumps:
    """The connections to jump hosts in this process, each made when it is first needed."""

    def __init__(self) -> None:
        self._clients: dict[tuple[str, ...], sshclient.SSHClient] = {}
        self._locks: dict[tuple[str, ...], Lock] = {}
        self._failed: dict[tuple[str, ...], tuple[float, JumpFailed]] = {}

    def channel(self, hops: Sequence[Hop], target: tuple[str, int], timeout: float) -> paramiko.Channel:
        """A way to ``target`` through these jump hosts, the first of them reached from here.

        Args:
            hops: each with ``name``, ``address``, ``port``, and where the site gives them ``user``, ``key``,
                ``known_hosts``; and ``host_keys`` as pyinfra takes it.
            target: address and port, as the last jump host reaches them.
            timeout: seconds for each step.

        Raises:
            JumpFailed: it names the jump host and says why.
        """
        hop = hops[-1]
        client = self._client(hops, timeout)
        try:
            transport = client.get_transport()
            if transport is None:
                raise paramiko.SSHException("the connection has ended")
            return transport.open_channel("direct-tcpip", target, ("127.0.0.1", 0), timeout=timeout)
        except paramiko.ChannelException as error:
            where = f"{target[0]} port {target[1]}"
            reason = {1: f"does not forward to {where} (its sshd's AllowTcpForwarding, PermitOpen)"}
            words = reason.get(error.code, f"does not reach {where} ({error.text})")
            raise JumpFailed(hop["name"], words) from None
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise JumpFailed(hop["name"], f"is not reached any more ({_said(error)})") from None

    def _client(self, hops: Sequence[Hop], timeout: float) -> sshclient.SSHClient:
        way = tuple(f"{hop.get('user')}@{hop['address']}:{hop['port']}" for hop in hops)
        # Every host behind it comes at once: the first one connects, the others wait and share how that went.
        asked = time.monotonic()
        with self._locks.setdefault(way, Lock()):
            client = self._clients.get(way)
            transport = client.get_transport() if client else None
            if client and transport and transport.is_active():
                return client
            when, failure = self._failed.get(way, (0.0, None))
            if failure and when > asked:
                raise failure
            try:
                client = self._clients[way] = self._connect(hops, timeout)
            except JumpFailed as failed:
                self._failed[way] = (time.monotonic(), failed)
                raise
            return client

    def _connect(self, hops: Sequence[Hop], timeout: float) -> sshclient.SSHClient:
        hop, before = hops[-1], hops[:-1]
        sock = self.channel(before, (str(hop["address"]), int(hop["port"])), timeout) if before else None
        return _connect(hop, sock, timeout)


def _connect(hop: Hop, sock: paramiko.Channel | None, timeout: float) -> sshclient.SSHClient:
    client = sshclient.SSHClient()
    key = hop.get("key")
    arguments: dict[str, Any] = {"port": int(hop["port"]), "timeout": timeout}
    arguments |= {"allow_agent": not key, "look_for_keys": not key}
    try:
        if key:
            arguments["pkey"] = load_key_with_certificate(str(key), allow_prompt=False)
        if hop.get("user"):
            arguments["username"] = hop["user"]
        client.connect(  # type: ignore[no-untyped-call]
            str(hop["address"]),
            _pyinfra_ssh_config_file=os.devnull,
            _pyinfra_ssh_known_hosts_file=hop.get("known_hosts"),
            _pyinfra_ssh_strict_host_key_checking=hop["host_keys"],
            _pyinfra_ssh_paramiko_connect_kwargs={"sock": sock, "banner_timeout": timeout, "auth_timeout": timeout},
            **arguments,
        )
    except KeyRefused as refused:
        raise JumpFailed(hop["name"], "is refused", refused) from None
    except paramiko.AuthenticationException as error:
        client.close()
        user = f" as {hop['user']}" if hop.get("user") else ""
        raise JumpFailed(hop["name"], f"lets nobody in{user} with {key or 'the agent'} ({_said(error)})") from None
    except (paramiko.SSHException, PyinfraError, OSError, EOFError) as error:
        client.close()
        where = f"{hop['address']} port {hop['port']}"
        raise JumpFailed(hop["name"], f"cannot be reached at {where} ({_said(error)})") from None
    if transport := client.get_transport():
        transport.set_keepalive(KEEPALIVE_SECONDS)
    return client


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__
