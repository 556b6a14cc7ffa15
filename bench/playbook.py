"""The comparator of second runs: ansible-core in a virtual environment of its own, and bench/ansible run with it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench import child
from bench.lab import ROOT, Lab
from kubestead import cache
from kubestead.errors import KubesteadError

FOLDER = ROOT / "bench" / "ansible"
REQUIREMENTS = FOLDER / "requirements.txt"
ENVIRONMENTS = ROOT / ".kubestead" / "bench"


@dataclass(frozen=True)
class Done:
    """A run of the playbook: its process, and the tasks that changed a host, by name."""

    process: child.Finished
    changed: tuple[str, ...]


@dataclass(frozen=True)
class Playbook:
    """The playbook for one twin.

    Args:
        lab: the twin.
        programs: where ansible-core's commands are.
        files: what :mod:`bench.playbook_files` wrote.
    """

    lab: Lab
    programs: Path
    files: Path

    @classmethod
    def of(cls, lab: Lab) -> Playbook:
        """With its inventory and files written, from what pyinfra knows of the same hosts."""
        playbook = cls(lab, programs(), lab.project / "playbook")
        kubeconfig = lab.project / ".kubestead" / "kubeconfig"
        kubeconfig.parent.mkdir(exist_ok=True)
        lab.write_files("bench.playbook_files", playbook.files, kubeconfig)
        return playbook

    def run(self) -> Done:
        """Run it; each run connects to the hosts anew, as kubestead does.

        Raises:
            KubesteadError: it failed.
        """
        home = self.files / "ansible"
        argv = [
            self.programs / "ansible-playbook",
            "--inventory",
            self.files / "inventory.json",
            FOLDER / "cluster.yaml",
        ]
        env = {"ANSIBLE_CONFIG": str(FOLDER / "ansible.cfg"), "ANSIBLE_HOME": str(home)}
        try:
            process = self.lab.run(list(map(str, argv)), env)
        finally:
            for socket in (home / "cp").glob("*"):
                subprocess.run(["ssh", "-F", "none", "-o", f"ControlPath={socket}", "-O", "exit", "-"],
                               capture_output=True, check=False)  # fmt: skip
        return Done(process, changed(process.output.splitlines()))


def changed(output: Iterable[str]) -> tuple[str, ...]:
    """The tasks that changed a host, by what ansible-playbook printed.

    Raises:
        KubesteadError: that is not what its own last lines say, or they are not there.
    """
    tasks: dict[str, None] = {}
    task, counted, told = "", 0, None
    for line in output:
        if found := re.match(r"TASK \[(.*)\]", line):
            task = found[1]
        elif line.startswith("changed: ["):
            tasks[task] = None
            counted += 1
        elif found := re.match(r"\S+ +: ok=\d+ +changed=(\d+) ", line):
            told = (told or 0) + int(found[1])
    if told is None or bool(told) != bool(tasks):
        raise KubesteadError(f"ansible-playbook counts {told} changes, its output shows {counted}; see its log")
    return tuple(tasks)


def programs() -> Path:
    """The folder of ansible-core's commands; the environment is made the first time, from PyPI."""
    folder = ENVIRONMENTS / f"ansible-{cache.content_key(REQUIREMENTS, sys.version)}"
    complete = folder / "complete"
    if not complete.exists():
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        _run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
              "--no-deps", "--requirement", str(REQUIREMENTS)])  # fmt: skip
        complete.touch()
    return folder / "bin"


def version() -> str:
    """Of ansible-core, as it is pinned."""
    return str(re.findall(r"^ansible-core==(\S+)$", REQUIREMENTS.read_text(), re.MULTILINE)[0])


def _run(argv: list[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise KubesteadError(
            f"{' '.join(argv[:4])} failed: {' '.join(last)}; ansible-core {version()} needs Python 3.11"
        )
