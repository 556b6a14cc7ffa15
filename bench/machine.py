"""What the numbers were taken on, without names of hosts or folders."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

from bench.lab import ROOT


def describe() -> dict[str, str]:
    """The machine and the tools, by what they are called in the tables."""
    return {
        "CPU": f"{os.cpu_count()} x {cpu_model(Path('/proc/cpuinfo').read_text())}",
        "memory": f"{memory_gib(Path('/proc/meminfo').read_text()):.1f} GiB",
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "OS": platform.freedesktop_os_release()["PRETTY_NAME"],
        "Python": platform.python_version(),
        **{name: version(name) for name in ("pyinfra", "paramiko")},
        "OpenSSH": _first_line("ssh", "-V"),
        "systemd": _first_line("systemd-nspawn", "--version"),
    }


def cpu_model(cpuinfo: str) -> str:
    """The processor's name in ``/proc/cpuinfo``; some architectures have none there."""
    names = [line.partition(":")[2].strip() for line in cpuinfo.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()


def memory_gib(meminfo: str) -> float:
    """All memory in ``/proc/meminfo``."""
    return int(meminfo.partition("MemTotal:")[2].split()[0]) / 2**20


def commit() -> tuple[str, bool]:
    """The short id of the commit in force, and whether the tree differs from it (``bench/results`` aside)."""
    differs = _git("status", "--porcelain", "--", ".", ":!bench/results")
    return _git("rev-parse", "--short=10", "HEAD"), bool(differs)


def heading(what: str) -> tuple[str, dict[str, str]]:
    """A result's title and what it was taken on: date, commit, machine."""
    name, dirty = commit()
    date = time.strftime("%Y-%m-%d", time.gmtime())
    tree = f"{name}{', with changes that are not committed' if dirty else ''}"
    return f"{what} of {date}, commit {name}", {"date": date, "commit": tree, **describe()}


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def _first_line(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).splitlines()[0].strip()
