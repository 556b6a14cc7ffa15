"""install_files and name_in_etc_hosts."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from pyinfra.api import OperationError

from kubestead.facts.files import FileState, FileStates, FileTexts
from kubestead.facts.names import NameAddresses
from kubestead.operations.files import TextFile, install_files, name_in_etc_hosts, with_host_name
from tests.operations.harness import Outcome, run
from tests.shell import fact, sh

FILE = TextFile("/etc/x/a file", "text\n")
SAME = FileState(hashlib.sha256(b"text\n").hexdigest(), "644", "root:root")


def test_nothing_is_done_for_a_file_that_is_as_it_should_be():
    outcome = run(install_files, {FileStates: {FILE.path: SAME}}, files=[FILE])
    assert (outcome.commands, outcome.noop) == ([], "1 files are as they should be")


@pytest.mark.parametrize(
    "state",
    [None, FileState("0" * 64, "644", "root:root"), FileState(SAME.sha256, "600", "root:root"),
     FileState(SAME.sha256, "644", "ubuntu:root")],
)  # fmt: skip
def test_a_missing_or_differing_file_is_written_beside_and_moved_into_place(state):
    outcome = run(install_files, {FileStates: {FILE.path: state} if state else {}}, files=[FILE])
    (command,) = outcome.shell
    assert command.startswith("set -e\nmkdir -p -- /etc/x\numask 077\n")
    assert command.endswith("\nput 644 root:root '/etc/x/a file' '/etc/x/.a file.kubestead'")
    assert outcome.uploads == {"/etc/x/a file": b"text\n"}


def test_only_differing_files_are_written_and_all_are_asked_for_at_once():
    other = TextFile("/etc/y", "text\n", mode="600")
    outcome = run(install_files, {FileStates: {FILE.path: SAME}}, files=[FILE, other])
    assert outcome.uploads.keys() == {"/etc/y"}
    assert outcome.host.asked == [(FileStates, {"paths": (FILE.path, other.path)})]


def apply(outcome: Outcome, contents: int | None = None) -> int:
    """Do on this machine what the operation would have done on the host, with so many of the contents."""
    (command,) = outcome.yielded
    told = "".join(f"{line}\n" for line in command.connector_arguments["_stdin"][:contents])
    return sh(outcome.shell[0], stdin=told).returncode


def test_files_are_really_written_and_the_second_time_nothing_is(tmp_path):
    owner = f"{tmp_path.owner()}:{tmp_path.group()}"
    texts = {"a b/c'd": "one\n", "$(x)": "no newline", "latin": b"\xe9\n".decode(errors="surrogateescape")}
    wanted = [TextFile(str(tmp_path / name), text, mode="640", owner=owner) for name, text in texts.items()]
    (tmp_path / "latin").symlink_to("/dev/null")
    paths = tuple(file.path for file in wanted)

    assert apply(run(install_files, {FileStates: fact(FileStates, paths=paths)}, files=wanted)) == 0

    assert {Path(file.path).read_bytes() for file in wanted} == {b"one\n", b"no newline", b"\xe9\n"}
    assert not list(tmp_path.rglob("*.kubestead"))
    assert run(install_files, {FileStates: fact(FileStates, paths=paths)}, files=wanted).noop


def test_a_link_that_is_cut_leaves_the_file_that_was_there(tmp_path):
    owner = f"{tmp_path.owner()}:{tmp_path.group()}"
    wanted = [TextFile(str(tmp_path / name), name, owner=owner) for name in ("one", "two")]
    (tmp_path / "two").write_text("before")
    assert apply(run(install_files, {FileStates: {}}, files=wanted), contents=1) != 0
    assert [Path(file.path).read_text() for file in wanted] == ["one", "before"]


def test_nobody_else_may_read_a_file_before_it_has_its_mode(tmp_path):
    left = tmp_path / ".one.kubestead"
    left.write_text("of a run that was killed")
    left.chmod(0o666)
    file = TextFile(str(tmp_path / "one"), "secret", mode="000", owner="nobody-of-that-name:x")
    assert apply(run(install_files, {FileStates: {}}, files=[file])) != 0
    assert left.read_text() == "secret"
    assert left.stat().st_mode & 0o077 == 0


HOSTS = "127.0.0.1 localhost\n127.0.1.1 node1\n"
ENTRY = "10.9.8.7 k8s-api  # kubestead: the control plane's endpoint\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (HOSTS, HOSTS + ENTRY),
        ("", ENTRY),
        ("127.0.0.1 localhost", "127.0.0.1 localhost\n" + ENTRY),
        (HOSTS + ENTRY, HOSTS + ENTRY),
        ("10.9.8.7\tother k8s-api", "10.9.8.7\tother k8s-api"),
        (HOSTS + "1.2.3.4 k8s-api\n", HOSTS + ENTRY),
        ("1.2.3.4 a k8s-api b # keep\n", "1.2.3.4 a b  # keep\n" + ENTRY),
        (ENTRY + "::1 k8s-api\n", ENTRY),
        ("# 1.2.3.4 k8s-api\n", "# 1.2.3.4 k8s-api\n" + ENTRY),
        ("1.2.3.4 k8s-api-2\n\n# end\n", "1.2.3.4 k8s-api-2\n\n# end\n" + ENTRY),
        ("1.2.3.4 x\x0cy\r\n", "1.2.3.4 x\x0cy\r\n" + ENTRY),
    ],
)
def test_the_name_stands_on_one_line_and_the_others_stay(before, after):
    assert with_host_name(before, "k8s-api", "10.9.8.7") == after
    assert with_host_name(after, "k8s-api", "10.9.8.7") == after


def test_etc_hosts_is_written_when_the_name_is_missing():
    facts = {FileTexts: {"/etc/hosts": HOSTS}, FileStates: {}}
    outcome = run(name_in_etc_hosts, facts, host_name="k8s-api", address="10.9.8.7")
    assert outcome.uploads == {"/etc/hosts": (HOSTS + ENTRY).encode()}


def test_etc_hosts_is_left_when_the_name_is_there():
    outcome = run(name_in_etc_hosts, {FileTexts: {"/etc/hosts": ENTRY}}, host_name="k8s-api", address="10.9.8.7")
    assert (outcome.commands, outcome.noop) == ([], "k8s-api is 10.9.8.7")


@pytest.mark.parametrize(("known", "written"), [(["10.0.0.1"], False), ([], True)])
def test_a_name_somebody_else_answers_for_can_be_left_to_them(known, written):
    facts = {NameAddresses: known, FileTexts: {"/etc/hosts": HOSTS}, FileStates: {}}
    outcome = run(name_in_etc_hosts, facts, host_name="k8s-api", address="10.9.8.7", unless_known=True)
    assert bool(outcome.uploads) is written
    assert outcome.noop == (None if written else "k8s-api is 10.0.0.1")


def test_an_unreadable_etc_hosts_is_never_replaced():
    with pytest.raises(OperationError, match="node1: /etc/hosts cannot be read"):
        run(name_in_etc_hosts, {FileTexts: {}}, host_name="k8s-api", address="10.9.8.7")
