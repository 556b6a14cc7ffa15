"""sudo with a password, which goes to the host by standard input alone.

pyinfra hands it over in the words of a command (``env PYINFRA_SUDO_PASSWORD=... sudo -A``), where whoever lists the
host's processes sees it, and asks at the terminal where sudo wants one, which a job waits at for ever.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from paramiko import SSHException
from pyinfra.api import QuoteString, StringCommand
from pyinfra.api.exceptions import ConnectError, PyinfraError
from pyinfra.api.host import Host
from pyinfra.connectors.util import make_unix_command

from kubestead.connection.refusals import Refused
from kubestead.site.private import password

ENVIRONMENT = "KUBESTEAD_SUDO_PASSWORD"
TIMEOUT_SECONDS = 30
# Ends the password's part of standard input; sudo takes the password's line only where it asks for one.
END = "--- end of what sudo is told ---"
_PAST_IT = f'while IFS= read -r line && [ "$line" != "{END}" ]; do :; done;'
# What has to be done inside sudo, by pyinfra's names.
_INSIDE = ("_env", "_chdir", "_shell_executable")


def sudo_password(host: Host) -> str | None:
    """The password sudo asks for on this host: the site file's, else the environment's; None: it asks for none."""
    if not host.data.get("_sudo"):
        return None
    if file := host.data.get("kubestead_sudo_password_file"):
        try:
            return password(Path(file))
        except (OSError, ValueError):
            # It was checked as the run began.
            raise PyinfraError(f"{file}, with sudo's password, cannot be read any more") from None
    return os.environ.get(ENVIRONMENT) or None


def with_password(
    command: StringCommand, arguments: dict[str, Any], secret: str
) -> tuple[StringCommand, dict[str, Any]]:
    """The command and pyinfra's arguments for it, with sudo told the password by standard input.

    What the command itself gets by standard input follows; where sudo asks for no password after all, the command does
    not get to see it either.
    """
    rest = {key: value for key, value in arguments.items() if key not in (*_INSIDE, "_sudo", "_sudo_user", "_stdin")}
    inside = make_unix_command(command, **{key: arguments[key] for key in _INSIDE if key in arguments})
    user = ("-u", QuoteString(arguments["_sudo_user"])) if arguments.get("_sudo_user") else ()
    whole = StringCommand(
        "sudo -H -k -S -p ''", *user, "sh -c", QuoteString(StringCommand(_PAST_IT, inside))
    )  # fmt: skip
    return whole, {**rest, "_shell_executable": None, "_stdin": [secret, END, *_lines(arguments.get("_stdin"))]}


def check_sudo(host: Host) -> None:
    """Find out at once whether sudo lets us: later it would be a failed operation among many.

    Raises:
        ConnectError: it does not; says what to do.
    """
    if not host.data.get("_sudo"):
        return
    if host.data.get("_sudo_password"):
        # In pyinfra's hands it would stand in process lists.
        raise ConnectError(f"_sudo_password is not taken; use sudo_password_file in the site file or {ENVIRONMENT}")
    secret = sudo_password(host)
    # A wrong password is tried once: there is nothing behind it that could be taken for a second one.
    asked = StringCommand("sudo -H -k -S -p '' true" if secret else "sudo -H -n true")
    more: dict[str, Any] = {"_stdin": [secret]} if secret else {}
    try:
        ok, output = host.run_shell_command(asked, _shell_executable=None, _timeout=TIMEOUT_SECONDS, **more)
    except (SSHException, OSError, EOFError) as error:
        raise ConnectError(f"sudo does not answer ({str(error) or type(error).__name__})") from None
    if ok:
        return
    said = " | ".join(line for line in output.stderr_lines if line.strip())[:200]
    fix = f"give one by sudo_password_file in the site file or {ENVIRONMENT}, or allow the user sudo without one"
    fix = "correct it: later tries may lock the account" if secret else fix
    reason = f"sudo {'does not take the password' if secret else 'wants a password'} ({said})"
    raise Refused(f"{reason}; {fix}", reason, fix)


def _lines(stdin: Any) -> list[str]:
    if not stdin:
        return []
    if hasattr(stdin, "readlines"):
        stdin = stdin.readlines()
    return list(stdin) if isinstance(stdin, list | tuple) else [str(stdin)]
