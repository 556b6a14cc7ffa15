"""Room on a full disk: what the script lets go of, run here with a play's ctr and crictl, and what is made of it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from kubestead.facts.filesystems import FileSystem, FileSystems
from kubestead.facts.service import Services
from kubestead.operations.remedies import free_disk
from kubestead.render import render
from tests.operations.harness import run
from tests.operations.patient import DEAD, RUNS, WELL, Again, control_plane, node, view
from tests.shell import sh

ROOMY = FileSystem("/var", 20000, 9000, 50)
FULL = FileSystem("/var", 20000, 100, 50)
NO_INODES = FileSystem("/var", 20000, 9000, 4)
BACK = (WELL, view(age=-2))
REPORT = [
    "freed\tunused images\t900\t20",
    "freed\tjournals\t0\t0",
    "largest\t8000\t/var/a file",
    "largest\t60\t/var/x/",
]

pytestmark = pytest.mark.usefixtures("no_wait")


@pytest.mark.parametrize(
    ("free", "size", "inodes", "short"),
    [(1023, 20000, 50, True), (1024, 20000, 50, False), (500, 4000, 50, False), (399, 4000, 50, True),
     (9000, 20000, 4, True), (9000, 20000, 5, False), (9000, 20000, None, False)],
)  # fmt: skip
def test_when_a_file_system_is_short(free, size, inodes, short):
    assert FileSystem("/var", size, free, inodes).short is short


def free(*systems, views=BACK, service=RUNS, **arguments):
    facts = {FileSystems: Again([(system,) for system in systems]),
             Services: {"containerd.service": RUNS, "kubelet.service": service}}  # fmt: skip
    host = node(facts, {"freeing": REPORT})
    return run(free_disk, host, control_plane=control_plane(*views), **arguments), host


def test_where_there_is_room_nothing_is_let_go():
    outcome, host = free(ROOMY)
    assert "/var: 9000 of 20000 MiB, 50 % of the inodes free" in str(outcome.noop)
    assert host.sent == []


@pytest.mark.parametrize("case", [{"systems": (FULL, ROOMY)}, {"systems": (NO_INODES, ROOMY)},
                                  {"systems": (ROOMY,), "force": True}, {"systems": (ROOMY,), "service": DEAD},
                                  {"systems": (ROOMY,), "views": (view("Unknown"), view(age=-2))}])  # fmt: skip
def test_a_full_disk_is_freed_and_what_was_found_is_said(case, caplog):
    caplog.set_level("INFO")
    systems = case["systems"]
    outcome, host = free(*systems, **{key: value for key, value in case.items() if key != "systems"})
    assert outcome.call() is True
    assert "freed: unused images: 900 MiB, 20 inodes" in caplog.text
    assert "freed: journals" not in caplog.text
    assert "left, not ours: /var/a file (8000 MiB)" in caplog.text
    started = [line for line in host.sent if "systemctl restart kubelet.service" in line]
    # One that has seen the disk full would go on calling that DiskPressure.
    assert bool(started) is (case.get("service") == DEAD or systems[0].short)


def test_a_disk_that_stays_full_is_a_failure_with_what_is_on_it(caplog):
    outcome, _ = free(FULL)
    assert outcome.call() is False
    assert "node1: still full: /var: 100 of 20000 MiB" in caplog.text
    assert "largest: /var/a file (8000 MiB), /var/x/ (60 MiB)" in caplog.text
    assert "next: on node1: sudo du" in caplog.text


IMAGES = """\
REF TYPE DIGEST SIZE PLATFORMS LABELS
registry.k8s.io/used:1 type sha256:1 1 MiB linux/amd64 io.cri-containerd.image=managed
sha256:used type sha256:1 1 MiB linux/amd64 io.cri-containerd.image=managed
registry.k8s.io/pause:3.10 type sha256:2 1 MiB linux/amd64 x=managed,io.cri-containerd.pinned=pinned
registry.k8s.io/pause@sha256:2 type sha256:2 1 MiB linux/amd64 io.cri-containerd.image=managed
registry.k8s.io/old:1 type sha256:3 1 MiB linux/amd64 io.cri-containerd.image=managed
registry.k8s.io/old@sha256:3 type sha256:3 1 MiB linux/amd64 io.cri-containerd.image=managed
"""
CONTAINERS = "CONTAINER IMAGE RUNTIME\nc1 sha256:used io.containerd.runc.v2\n"


class Play:
    """A folder as file system, and tools that write down how they were called."""

    def __init__(self, folder: Path) -> None:
        self.disk, self.tools, self.log = folder / "disk", folder / "tools", folder / "log"
        self.disk.mkdir()
        self.tools.mkdir()
        self.log.touch()
        for tool in ("df", "awk", "find", "timeout", "cat"):
            (self.tools / tool).symlink_to(str(shutil.which(tool)))
        for tool in ("apt-get", "journalctl"):
            self.tool(tool)
        (folder / "containers").write_text(CONTAINERS)
        (folder / "images").write_text(IMAGES)
        listing = f'case "$*" in *containers*list) cat {folder}/containers;; *images*list) cat {folder}/images;; esac'
        self.tool("ctr", listing)

    def tool(self, name: str, more: str = "") -> None:
        path = self.tools / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.log}\n{more}\n')
        path.chmod(0o755)

    def run(self, inodes: bool = False) -> tuple[list[str], list[list[str]]]:
        """The calls, and the rows it printed."""
        text = render("free-disk.sh.j2", mount=str(self.disk), journal_mib=64, inodes=inodes)
        done = sh(text.replace("/var/tmp", str(self.disk / "tmp")), path=str(self.tools))
        assert done.returncode == 0
        calls = [line for line in self.log.read_text().splitlines() if " list" not in line]
        return calls, [line.split("\t") for line in done.stdout.decode().splitlines()]


@pytest.fixture
def play(tmp_path):
    return Play(tmp_path)


def test_without_crictl_images_that_nobody_uses_or_pins_are_removed(play):
    calls, rows = play.run()
    assert calls[:2] == ["apt-get clean", "journalctl --vacuum-size=64M"]
    (removed,) = [call for call in calls if call.startswith("ctr")]
    words = removed.split()
    assert words[:6] == ["ctr", "--namespace", "k8s.io", "images", "remove", "--sync"]
    assert set(words[6:]) == {"registry.k8s.io/old:1", "registry.k8s.io/old@sha256:3"}
    assert [row[0] for row in rows] == ["freed"] * 4


@pytest.mark.parametrize("failing", ["*containers*", "*images*list"])
def test_a_list_that_cannot_be_had_removes_nothing(play, failing):
    """With an empty list of containers every image would be unused."""
    play.tool("ctr", f'case "$*" in {failing}) exit 1;; *) cat {play.log.parent}/images;; esac')
    assert not [call for call in play.run()[0] if "remove" in call]


def test_with_crictl_it_prunes_images_and_leaves_ended_containers(play):
    """They are all the kubelet knows of what a Job has done: without them it would run again."""
    play.tool("crictl")
    calls, _ = play.run()
    crictl = [re.sub(r"--runtime-endpoint \S+ --timeout 60s ", "", call) for call in calls if call.startswith("crictl")]
    assert crictl == ["crictl rmi --prune"]
    assert not [call for call in calls if call.startswith("ctr")]


def write(path: Path, mib: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * int(mib * 1024 * 1024))


def test_what_is_left_is_named_the_largest_first_and_nothing_of_it_deleted(play):
    write(play.disk / "a file", 60)
    for number in range(4):
        write(play.disk / "many" / "below" / f"{number}", 2)
    write(play.disk / "small" / "x", 1.5)
    _, rows = play.run(inodes=True)
    left = [(row[0], int(row[1]), row[2].removeprefix(str(play.disk))) for row in rows if row[0] != "freed"]
    assert left[:3] == [("largest", 60, "/a file"), ("largest", 8, "/many/below/"), ("largest", 1, "/small/")]
    assert ("most", 4, "/many/below/") in left
    assert len(list(play.disk.rglob("*"))) == 9


def test_an_old_rest_of_ours_goes_a_fresh_one_and_a_foreign_one_stay(play):
    for name in ("kubestead.old", "kubestead.new", "other.old"):
        write(play.disk / "tmp" / name / "artifact", 0.1)
    for name in ("kubestead.old", "other.old"):
        sh(f"touch -d '2 hours ago' {play.disk}/tmp/{name}")
    play.tool("rm", f'exec {shutil.which("rm")} "$@"')
    play.run()
    assert {path.name for path in (play.disk / "tmp").iterdir()} == {"kubestead.new", "other.old"}
