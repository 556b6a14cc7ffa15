"""The exit code tells the truth (docs/exit-codes.md): pyinfra's own command in every case where it would end with 0
though nothing was done, or with a traceback. No host is contacted: they are @fake.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploys.runner import REPOSITORY, prepare

CLUSTER = "deploys/cluster.py"
SLOW = "\nfor name, data in [*control_plane, *workers]:\n    data['fake_delay'] = 1.0\n"
INVENTORIES = {
    "empty": "control_plane = []\nworkers = []\n",
    "nothing": "",
    "misnamed": "controlplane = 'node1'\n",
    "emptied": "all = ([], {})\ncontrol_plane = ['@fake/a']\n",
    "numbers": "control_plane = [1, 2]\n",
    "unfinished": "control_plane = [\n",
    "unknown": "\ncontrol_plane = nodes\n",
    "loaded": "from kubestead.inventory import load\ncontrol_plane, workers = load(workers=[('n', '192.0.2.1')])\n",
}


class Place:
    """A working folder as an operator has it."""

    def __init__(self, folder: Path) -> None:
        prepare(folder)
        self.folder = folder
        self.started: list[subprocess.Popen[str]] = []
        for name, text in INVENTORIES.items():
            (folder / f"{name}.py").write_text(text)
        whole = (folder / "inventory.py").read_text()
        (folder / "slow.py").write_text(whole + SLOW)
        (folder / "alone.py").write_text(f"{whole}\nworkers = []\n")
        (folder / "headless.py").write_text(f"{whole}\ncontrol_plane = []\n")
        (folder / "latin.py").write_bytes(b"# \xe9\n")
        (folder / "folder.py").mkdir()

    def start(self, *words: str, cwd: Path | None = None) -> subprocess.Popen[str]:
        environment = {
            **os.environ, "PYTHONPATH": str(REPOSITORY), "PYINFRA_PROGRESS": "off",
            "XDG_CACHE_HOME": str(self.folder / "cache"), "KUBESTEAD_SITE": "", "HOME": str(self.folder),
        }  # fmt: skip
        process = subprocess.Popen(
            [Path(sys.executable).with_name("pyinfra"), *words], cwd=cwd or self.folder, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.started.append(process)
        return process

    def run(self, *words: str, answer: str = "", cwd: Path | None = None) -> tuple[int, str]:
        process = self.start(*words, cwd=cwd)
        said, _ = process.communicate(answer, timeout=120)
        return process.returncode, said


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("place"))


@pytest.fixture
def place(shared: Place) -> Iterator[Place]:
    """Nothing goes on after a test: it would hold the lock of the next one's hosts."""
    yield shared
    while shared.started:
        shared.started.pop().kill()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["mien.py", CLUSTER], 1, "there is no inventory file mien.py"),
        (["inventory/mine", CLUSTER], 1, "there is no inventory file inventory/mine"),
        (["", CLUSTER], 1, "there is no inventory file"),
        (["no-such-thing", CLUSTER], 1, "gives no hosts"),
        (["deploys", CLUSTER], 1, "Is a directory"),
        (["folder.py", CLUSTER], 1, "Is a directory"),
        (["empty.py", CLUSTER], 1, "gives no hosts"),
        (["nothing.py", CLUSTER], 1, "gives no hosts"),
        (["misnamed.py", CLUSTER], 1, "gives no hosts"),
        (["emptied.py", CLUSTER], 1, "gives no hosts"),
        (["numbers.py", CLUSTER], 1, "gives no hosts"),
        (["unfinished.py", CLUSTER], 1, "unfinished.py:1: is Python that does not run: '[' was never closed"),
        (["unknown.py", CLUSTER], 1, "NameError: name 'nodes' is not defined"),
        (["latin.py", CLUSTER], 1, "latin.py: is not UTF-8 text"),
        (["loaded.py", CLUSTER], 1, "has no control plane"),
        (["headless.py", CLUSTER], 1, "control_plane: must name one host"),
        (["headless.py", "deploys/verify.py"], 1, "no group 'control_plane'"),
        (["inventory.py", CLUSTER, "--limit", ""], 1, "leave no host"),
        (["inventory.py", CLUSTER, "--limit", "wrokers"], 1, "leave no host"),
        (["inventory.py", CLUSTER, "--exclude", "inventory"], 1, "leave no host"),
        (["inventory.py", "deploys/verify.py", "--limit", "workers"], 1, "is no part of this run"),
        (["inventory.py", "deploys/clutser.py"], 1, "No deploy file: deploys/clutser.py"),
        (["inventory.py", "deploys/cluster"], 1, "Invalid operations"),
        (["inventory.py", "deploys.cluster"], 1, "No such attribute"),
        (["inventory.py", CLUSTER, "--data", "confirm"], 1, "--data = 'confirm': has no value"),
        (["inventory.py", CLUSTER, "--parallel", "-1"], 1, "--parallel = -1: is negative"),
        (["inventory.py"], 2, "Missing argument"),
        (["inventory.py", CLUSTER, "--lmit", "workers"], 2, "No such option"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_does_nothing_does_not_end_with_0(place: Place, words: list[str], code: int, told: str) -> None:
    returned, said = place.run("-y", *words)
    assert (returned, told in said) == (code, True), said
    assert "Traceback" not in said
    assert "Beginning operation run" not in said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--group-data", "nowhere"], "--group-data = 'nowhere': is no folder"),
        (["--config", "nowhere.py"], "config.py: was not read"),
    ],
)
def test_what_would_be_left_out_without_a_word(place: Place, words: list[str], told: str) -> None:
    returned, said = place.run("-y", "loaded.py", CLUSTER, *words)
    assert (returned, told in said) == (1, True), said


def test_a_run_from_another_folder_is_refused(place: Place) -> None:
    """It would have neither config.py nor group_data."""
    returned, said = place.run("-y", "../loaded.py", "cluster.py", cwd=place.folder / "cache")
    assert returned == 1, said
    (place.folder / "cache" / "cluster.py").write_text("")
    returned, said = place.run("-y", "../loaded.py", "cluster.py", cwd=place.folder / "cache")
    assert (returned, "config.py: was not read" in said) == (1, True), said


def test_a_run_that_does_what_was_asked_ends_with_0(place: Place) -> None:
    assert place.run("inventory.py", CLUSTER, "--dry", "-y")[0] == 0


def test_a_control_plane_without_workers_is_a_cluster(place: Place) -> None:
    returned, said = place.run("alone.py", CLUSTER, "--dry", "-y", "--json")
    assert (returned, "kubeadm init" in said, "kubeadm join" in said) == (0, True, False), said


@pytest.mark.parametrize(
    ("answer", "told"), [("", "nobody can be asked here"), ("n\n", "the answer was 'n'")], ids=["nobody", "no"]
)
def test_a_question_that_is_not_answered_with_enter(place: Place, answer: str, told: str) -> None:
    returned, said = place.run("inventory.py", CLUSTER, answer=answer)
    assert (returned, told in said) == (1, True), said
    assert "Beginning operation run" not in said
    assert "Traceback" not in said


def test_a_question_that_is_answered_with_enter(place: Place) -> None:
    returned, said = place.run("inventory.py", "deploys/verify.py", answer="\n")
    assert (returned, "Beginning operation run" in said) == (0, True), said


def test_an_error_nobody_expected_is_one_line(place: Place) -> None:
    (place.folder / "broken.py").write_text("def fail():\n    raise ValueError('no \\ud800')\nfail()\n")
    returned, said = place.run("-y", "inventory.py", "broken.py")
    assert returned == 1, said
    assert "broken.py line 2: ValueError: no \\ud800" in said
    assert "Traceback" not in said
    assert "in fail" in (place.folder / "pyinfra-debug.log").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_while_a_person_is_asked_it_ends_at_once(place: Place, number: signal.Signals) -> None:
    """Nobody answers: its stdin stays open, and is not closed before it has ended."""
    process = place.start("inventory.py", CLUSTER)
    said = ""
    while not said.endswith("Press enter to go on...") and (letter := process.stdout.read(1)):
        said += letter
    process.send_signal(number)
    assert process.wait(timeout=60) == 128 + number, said
    rest = process.stdout.read()
    process.stdin.close()
    assert ("Interrupted" in rest, "Traceback" in rest, "Beginning operation run" in rest) == (True, False, False)


@pytest.mark.parametrize(
    ("when", "number"),
    [("Loading inventory", signal.SIGINT), ("Connecting to hosts", signal.SIGINT),
     ("Preparing operation", signal.SIGINT), ("Beginning operation run", signal.SIGINT), ("Kernel mod", signal.SIGINT),
     ("Beginning operation run", signal.SIGTERM), ("Beginning operation run", signal.SIGHUP)],
)  # fmt: skip
def test_interrupted_it_ends_with_the_shells_number(place: Place, when: str, number: signal.Signals) -> None:
    # These tests may run below nohup, which a run takes over.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        process = place.start("-y", "slow.py", CLUSTER)
    finally:
        signal.signal(signal.SIGHUP, before)
    said = []
    for line in process.stdout or ():
        said.append(line)
        if when in line:
            process.send_signal(number)
            break
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + number, "".join(said) + rest
    assert "Interrupted" in rest
    assert "Traceback" not in rest
