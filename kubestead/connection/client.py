"""The edge to pyinfra's SSH connector: host keys, jump hosts, sudo and uploads as the site file has them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import paramiko
from pyinfra import logger
from pyinfra.api.exceptions import ConnectError
from pyinfra.api.host import Host
from pyinfra.connectors import ssh
from pyinfra.connectors.ssh import SSHConnector
from pyinfra.connectors.sshuserclient import client as sshclient

from kubestead import commandline
from kubestead.connection import upload
from kubestead.connection.jump import JumpFailed, Jumps
from kubestead.connection.knownhosts import known, learn, name_of
from kubestead.connection.refusals import KeyRefused, Refused, fingerprint
from kubestead.connection.sitehostkeys import SiteHostKeys
from kubestead.connection.sudo import check_sudo, sudo_password, with_password

_jumps = Jumps()


def connect_as_the_site_says() -> None:
    """For ``config.py``: from here on every SSH connection of this process is made so; again is harmless."""
    if getattr(SSHConnector, "_as_the_site_says", False):
        return
    inventory = str(commandline.options().get("inventory") or "INVENTORY")
    for owner, name, answer in (
        (SSHConnector, "_as_the_site_says", True),
        # Read anew for each connection: pyinfra's is kept for the whole process, and knows nothing of what was learnt.
        (sshclient, "get_host_keys", SiteHostKeys),
        (sshclient.AcceptNewPolicy, "missing_host_key", _learn),
        (sshclient.StrictPolicy, "missing_host_key", _refuse_unknown),
        (sshclient.AskPolicy, "missing_host_key", _never_ask),
        (sshclient.SSHClient, "connect", _refusing_changed(sshclient.SSHClient.connect)),
        (SSHConnector, "make_paramiko_kwargs", _through_jump_hosts(SSHConnector.make_paramiko_kwargs)),
        (SSHConnector, "connect", _explaining(SSHConnector.connect, inventory)),
        # pyinfra's asks at the terminal.
        (ssh, "execute_command_with_sudo_retry", lambda _host, _arguments, execute: execute()),
        (SSHConnector, "run_shell_command", _with_sudo_password(SSHConnector.run_shell_command)),
        (SSHConnector, "put_file", _privately(SSHConnector.put_file)),
    ):
        setattr(owner, name, answer)


def _file(client: Any) -> Path:
    return Path(client._host_keys_filename)


def _learn(_policy: Any, client: Any, hostname: str, key: paramiko.PKey) -> None:
    """Trust on first use. pyinfra's own accepts a key that it cannot write down just as well."""
    path = _file(client)
    try:
        present = learn(path, hostname, key)
    except OSError as error:
        reason = f"the key of {hostname} cannot be written to {path} ({error.strerror}), so it is not trusted"
        raise paramiko.SSHException(reason) from None
    if not present:
        logger.info(f"    first contact with {hostname}: {fingerprint(key)} is trusted from now on, in {path}")
    elif all(entry.key != key for entry in present):
        raise KeyRefused(hostname, path, key, present)


def _refuse_unknown(_policy: Any, client: Any, hostname: str, key: paramiko.PKey) -> None:
    raise KeyRefused(hostname, _file(client), key)


def _never_ask(_policy: Any, _client: Any, hostname: str, _key: paramiko.PKey) -> None:
    """A jump host of ~/.ssh/config that is unknown: pyinfra would wait for an answer, on a terminal or not."""
    raise paramiko.SSHException(
        f"the SSH key of {hostname}, which ~/.ssh/config leads through, is not known; "
        "name it as 'jump' in the site file, or connect to it once with ssh"
    )


def _refusing_changed(original: Any) -> Any:
    def connect(self: Any, hostname: str, **arguments: Any) -> None:
        try:
            original(self, hostname, **arguments)
        except paramiko.BadHostKeyException as error:
            name = name_of(error.hostname, int(self._ssh_config.get("port", 22)))
            self.close()
            raise KeyRefused(name, _file(self), error.key, known(_file(self), name)) from None
        except KeyRefused:
            self.close()
            raise

    return connect


def _through_jump_hosts(original: Any) -> Any:
    def make_paramiko_kwargs(self: Any) -> dict[str, Any]:
        arguments: dict[str, Any] = original(self)
        if hops := self.host.data.get("kubestead_jump"):
            target = (str(arguments["hostname"]), int(arguments.get("port") or 22))
            timeout = float(self.state.config.CONNECT_TIMEOUT)
            # What ~/.ssh/config says of the way there would be a second way.
            arguments["_pyinfra_ssh_config_file"] = os.devnull
            connect = dict(arguments["_pyinfra_ssh_paramiko_connect_kwargs"] or {})
            connect["sock"] = _jumps.channel(hops, target, timeout)
            arguments["_pyinfra_ssh_paramiko_connect_kwargs"] = connect
        return arguments

    return make_paramiko_kwargs


def _explaining(original: Any, inventory: str) -> Any:
    def connect(self: Any) -> None:
        self.refusal = None
        try:
            _connect(self)
        except Refused as refused:
            self.refusal = refused
            raise

    def _connect(self: Any) -> None:
        try:
            original(self)
            try:
                check_sudo(self.host)
            except ConnectError:
                self.client.close()
                raise
        except KeyRefused as refused:
            raise refused.of(self.host.name, _trust(self.host.name, inventory)) from None
        except JumpFailed as failed:
            raise ConnectError(failed.words(lambda hop: _trust(hop, inventory))) from None
        except ConnectError as error:
            if isinstance(error.__context__, paramiko.AuthenticationException):
                fix = "see user and key in the site file"
                raise Refused(str(error), f"it does not let us in: {error.__context__}", fix) from None
            raise

    return connect


def refusal(host: Host) -> Refused | None:
    """Why a host that answers SSH is not connected to; None where it is, where it does not answer, or was not tried."""
    return getattr(host.connector, "refusal", None)


def _with_sudo_password(original: Any) -> Any:
    def run_shell_command(self: Any, command: Any, *printing: Any, **arguments: Any) -> Any:
        if arguments.get("_sudo") and (secret := sudo_password(self.host)):
            command, arguments = with_password(command, arguments, secret)
        return original(self, command, *printing, **arguments)

    return run_shell_command


def _privately(original: Any) -> Any:
    def put_file(self: Any, content: Any, path: str, *more: Any, **arguments: Any) -> Any:
        # A file of this machine's (the watcher's software) is no secret, and may be large.
        if not hasattr(content, "read"):
            return original(self, content, path, *more, **arguments)
        arguments.pop("remote_temp_filename", None)
        arguments["_stdin"] = upload.lines(content)
        done, output = self.run_shell_command(upload.command(path), **arguments)
        if not done:
            logger.error(f"{self.host.print_prefix}{path} cannot be written: {output.stderr}")
        return done

    return put_file


def _trust(name: str, inventory: str) -> str:
    return f"kubestead trust-rebuilt {name} --inventory {inventory}"
