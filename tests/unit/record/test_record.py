"""A run record is read whatever state it was left in."""

from __future__ import annotations

import json
import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubestead.errors import KubesteadError
from kubestead.owner import Owner
from kubestead.record.read import BEGUN, END, HEAD, MESSAGES, OPERATIONS, find, folder_name, names, read
from kubestead.record.write import Writer

LINE = {"host": "a", "phase": "P", "operation": "o", "start": 1000.0, "end": 1001.0, "changed": True, "error": False}


def written(folder, **files):
    writer = Writer(folder / folder_name(999.5))
    for file, lines in files.items():
        for line in lines:
            writer.line(f"{file}.jsonl", line)
    writer.close()
    return writer.folder


def test_cut_off_anywhere_it_is_read(tmp_path):
    """SIGKILL may come between any two bytes that reach the disk."""
    folder = written(tmp_path, operations=[LINE, {**LINE, "host": "b"}])
    whole = (folder / OPERATIONS).read_bytes()
    for length in range(1, len(whole)):
        (folder / OPERATIONS).write_bytes(whole[:length])
        run = read(folder)
        # A line without its line feed is whole all the same.
        parts = whole[:length].split(b"\n")
        lost = parts[-1] not in (b"", whole.splitlines()[len(parts) - 1])
        assert (len(run.operations), run.unread) == (sum(map(bool, parts)) - lost, lost)


@pytest.mark.parametrize("file", [HEAD, END])
def test_a_file_that_is_half_written_counts_as_none(tmp_path, file):
    folder = written(tmp_path, operations=[LINE])
    (folder / file).write_text('{"began": 1, "outco')
    assert read(folder).outcome == "killed"


def test_a_run_without_an_end_still_runs_while_its_process_lives(tmp_path):
    writer = Writer(tmp_path / "r")
    writer.whole(HEAD, {"began": 5.0, "owner": Owner.present().to_data()})
    assert read(writer.folder).outcome == "running"
    gone = {**Owner.present().to_data(), "started": "another/1"}
    writer.whole(HEAD, {"began": 5.0, "owner": gone})
    assert read(writer.folder).outcome == "killed"
    writer.whole(HEAD, {"began": 5.0, "owner": {**gone, "host": "elsewhere.example"}})
    assert read(writer.folder).outcome == "unfinished"


def test_a_folder_that_is_no_run_is_passed_over(tmp_path):
    run = written(tmp_path, operations=[LINE])
    (tmp_path / "archive").mkdir()
    assert names(tmp_path) == [run.name]
    assert find(None, tmp_path) == run


def test_a_process_of_the_same_number_is_not_the_owner():
    mine = Owner.present()
    assert mine.alive() is True
    assert Owner(mine.user, mine.host, mine.pid, "another-boot/1").alive() is False
    assert Owner(mine.user, "elsewhere.example", mine.pid, mine.started).alive() is None


@pytest.mark.parametrize(
    "data", [None, 5, [], {}, {"user": "a"}, {"user": "a", "host": "b", "pid": "x", "started": ""}]
)
def test_what_is_no_owner(data):
    assert Owner.from_data(data) is None


def test_nothing_at_all_is_an_error(tmp_path):
    with pytest.raises(KubesteadError, match="holds no run record"):
        read(tmp_path)


def test_the_operation_under_way_is_shown_where_it_has_no_end(tmp_path):
    begun = [{"start": 999.0, "phase": "P", "operation": "o", "hosts": ["a", "b"]}]
    run = read(written(tmp_path, begun=begun, operations=[LINE]))
    assert [(one.host, one.end) for one in run.operations] == [("b", None), ("a", 1001.0)]


def test_the_same_operation_again_is_another_one(tmp_path):
    begun = [{"start": start, "phase": "P", "operation": "o", "hosts": ["a"]} for start in (999.0, 1002.0)]
    run = read(written(tmp_path, begun=begun, operations=[LINE]))
    assert [(one.start, one.end) for one in run.operations] == [(1000.0, 1001.0), (1002.0, None)]


def test_an_operation_that_runs_others_inside_it_was_under_way_too(tmp_path):
    begun = [{"start": 999.0, "phase": "", "operation": "Recover", "hosts": ["a"]},
             {"start": 1000.0, "phase": "P", "operation": "o", "hosts": ["a"]}]  # fmt: skip
    run = read(written(tmp_path, begun=begun, operations=[LINE]))
    assert [(one.name, one.end) for one in run.operations] == [("Recover", None), ("o", 1001.0)]


def test_files_are_their_owners_alone(tmp_path):
    old = os.umask(0)
    try:
        folder = written(tmp_path, operations=[LINE])
        Writer(folder).whole(END, {})
    finally:
        os.umask(old)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


odd = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
keys = ("host", "phase", "operation", "start", "end", "changed", "error", "said", "hosts", "time", "level", "text")
lines = st.dictionaries(st.sampled_from(keys), odd) | odd
heads = st.dictionaries(
    st.sampled_from(["began", "deploys", "command", "owner", "nodes", "hosts", "cluster", "made_with", "findings",
                     "ended", "outcome", "exit_code", "error", "failed_hosts"]), odd
)  # fmt: skip


@given(head=heads, end=heads, found=st.lists(lines, max_size=4))
def test_any_json_is_read_or_counted(head, end, found, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    for file, data in ((HEAD, head), (END, end)):
        (folder / file).write_text(json.dumps(data))
    for file in (BEGUN, OPERATIONS, MESSAGES):
        (folder / file).write_text("".join(json.dumps(line) + "\n" for line in found))
    try:
        run = read(folder)
    except KubesteadError:
        return
    assert run.ended >= run.began > 0
    assert all(one.end is None or one.end >= one.start for one in run.operations)
