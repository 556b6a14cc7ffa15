"""Talking to a twin's supervisor, and starting one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kubestead.errors import KubesteadError
from kubestead.twin import cgroups, network, plan
from kubestead.twin.process import progress
from kubestead.twin.state import Files, supervisor_alive

# A hundred hosts made bare again take minutes on two cores.
_ORDER_SECONDS = 600
_START_SECONDS = 30
_SSH_SECONDS, _SSH_SECONDS_PER_HOST = 120, 4


def order(paths: Files, op: str, nodes: list[str] | None = None) -> dict[str, Any]:
    """Give the supervisor one order and return its answer.

    Args:
        op: ``apply``, ``status``, ``on``, ``off``, ``cycle`` or ``reset``.
        nodes: the hosts it is about; none means all.

    Raises:
        KubesteadError: no supervisor answers, or it could not do it.
    """
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_ORDER_SECONDS)
            connection.connect(str(paths.socket))
            connection.sendall(json.dumps({"op": op, "nodes": nodes or []}).encode() + b"\n")
            with connection.makefile("r") as lines:
                answer = json.loads(lines.readline() or "{}")
    except (OSError, ValueError) as error:
        raise KubesteadError(
            f"twin {paths.run.name}: its supervisor does not answer ({error}); "
            f"see {paths.supervisor_log}, or run 'kubestead twin up'"
        ) from error
    if not isinstance(answer, dict) or not answer or "error" in answer:
        raise KubesteadError(
            f"twin {paths.run.name}: {op}: {answer.get('error', 'no answer')}; see {paths.supervisor_log}"
        )
    return answer


def start_command(name: str, cgroup_version: str) -> list[str]:
    """The supervisor's command, inside the bridge's namespace; with cgroup v2 in a scope systemd leaves to it."""
    scope = ["systemd-run", "--scope", "--quiet", "-p", "Delegate=yes", f"--unit={plan.cgroup(name)}"]
    inside = ["nsenter", f"--net={network.path(plan.bridge_netns(name))}"]
    python = [sys.executable, "-m", "kubestead.twin.supervisor", name]
    return [*(scope if cgroup_version == "v2" and Path("/run/systemd/system").is_dir() else []), *inside, *python]


def start(paths: Files, name: str) -> None:
    """Start the twin's supervisor in the background and wait until it answers.

    Raises:
        KubesteadError: it ended, or did not answer in time; gives the end of its log.
    """
    package = str(Path(__file__).parents[2])
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))}
    paths.run.mkdir(parents=True, exist_ok=True)
    with paths.supervisor_log.open("ab") as log:
        process = subprocess.Popen(
            start_command(name, cgroups.current().version),
            cwd="/",
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    end = time.monotonic() + _START_SECONDS
    while not (supervisor_alive(paths) and paths.record.exists() and _answers(paths)):
        if process.poll() is not None or time.monotonic() > end:
            last = paths.supervisor_log.read_text(errors="replace").splitlines()[-3:]
            raise KubesteadError(
                f"twin {name}: its supervisor did not start: {' | '.join(last)}; see {paths.supervisor_log}"
            )
        time.sleep(0.05)


def wait_ssh(paths: Files, nodes: Sequence[str]) -> None:
    """Wait until the hosts answer on their SSH port; none means all. Says which ones are awaited.

    Raises:
        KubesteadError: a host went off, or did not answer in a time that fits their number.
    """
    deadline = _SSH_SECONDS + _SSH_SECONDS_PER_HOST * len(nodes)
    end, told = time.monotonic() + deadline, ""
    # Hosts that have answered are not asked again: each question costs one a process.
    waiting = list(nodes)
    while True:
        hosts = order(paths, "status", waiting)["hosts"]
        waiting = [h["node"] for h in hosts if not h["ssh"]]
        if not waiting:
            return
        if off := [h for h in hosts if h["power"] == "off"]:
            raise KubesteadError(
                f"{off[0]['node']}: is off: {off[0]['last']}; see {paths.state}/nodes/{off[0]['node']}/console.log"
            )
        if time.monotonic() > end:
            raise KubesteadError(
                f"{', '.join(waiting)}: no SSH after {deadline:.0f} s; see console.log below {paths.state}/nodes"
            )
        if (text := f"waiting for SSH on {', '.join(waiting)}") != told:
            progress(told := text)
        time.sleep(0.1)


def _answers(paths: Files) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(paths.socket))
    except OSError:
        return False
    return True
