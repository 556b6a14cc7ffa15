"""A host's power by the site's own commands, run by a shell on the operator's machine."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from typing import Literal

from kubestead.errors import KubesteadError

# A management controller takes seconds to answer; one that hangs must not hold a recovery for ever.
STATUS_SECONDS = 20
SWITCH_SECONDS = 60
# Of the time for switching on each try has its share.
ON_TRIES = 3
Commands = Mapping[str, str]


def status(commands: Commands | None, timeout: float = STATUS_SECONDS) -> Literal["on", "off"] | None:
    """Whether the host has power; None where the site has no commands, or its command says neither on nor off.

    Only a command that succeeds and prints that one word (in any case) is believed.

    Args:
        commands: ``status``, ``off`` and ``on``, as the inventory gives them (host data ``kubestead_power``).
        timeout: seconds the command has.
    """
    if not commands:
        return None
    try:
        said = _run(commands, "status", timeout).strip().lower()
    except KubesteadError:
        return None
    return "on" if said == "on" else "off" if said == "off" else None


def switch(commands: Commands, to: Literal["on", "off"], timeout: float = SWITCH_SECONDS) -> None:
    """Switch the host's power and wait until the site's status says so; one that says so already is left.

    Some tools fail when they are to switch off what is off.

    Raises:
        KubesteadError: the command failed, or the status does not follow within ``timeout`` seconds.
    """
    if status(commands) != to:
        _order(commands, to, timeout)


def cycle(commands: Commands, timeout: float = SWITCH_SECONDS) -> None:
    """Cut the host's power, make sure that it is off, and switch it on again.

    Once it was told to go off it is told to go on, again and again, whatever became of the first: a controller that
    answers late, or once not at all, must not leave a host without power.

    Args:
        commands: as for :func:`status`.
        timeout: seconds for each way.

    Raises:
        KubesteadError: as :func:`switch`; the host is on, or ``on`` was tried until the time was up.
    """
    failed = None
    try:
        switch(commands, "off", timeout)
    except KubesteadError as error:
        failed = error
    end = time.monotonic() + timeout
    while True:
        try:
            _order(commands, "on", timeout / ON_TRIES)
            break
        except KubesteadError as error:
            if time.monotonic() >= end:
                raise KubesteadError(f"{error}; the host may be off: switch it on") from None
            time.sleep(1)  # before the next try
    if failed:
        raise failed


def _order(commands: Commands, to: Literal["on", "off"], timeout: float) -> None:
    """Give the command, whatever the status says, and wait until it says so."""
    end = time.monotonic() + timeout
    _run(commands, to, timeout)
    while status(commands) != to:
        if time.monotonic() > end:
            raise KubesteadError(
                f"power: not {to} {timeout:.0f} s after the site's '{to}' command; see what its 'status' command prints"
            )
        time.sleep(1)  # between two looks


def _run(commands: Commands, key: str, timeout: float) -> str:
    """What the command printed; its own text and what it complains of may hold a password, and go nowhere."""
    # In a session of its own, so that what the shell started ends with it when the time is up.
    process = subprocess.Popen(
        ["/bin/sh", "-c", commands[key]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise KubesteadError(f"power: the site's '{key}' command was not through after {timeout:.0f} s") from None
    if process.returncode:
        raise KubesteadError(f"power: the site's '{key}' command failed with {process.returncode}")
    return output
