"""Facts about files, read by the shell on this machine: odd names, and texts byte by byte, for files are rewritten."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubestead.facts import files
from tests.shell import fact

ODD_NAMES = ["plain", "with space", "quote'\"s", "$HOME", "-n", "tab\there", "ünï", "*"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_the_state_of_a_file(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"content")
    path.chmod(0o640)

    state = fact(files.FileStates, paths=(str(path), str(tmp_path / "absent")))[str(path)]

    assert state.sha256 == hashlib.sha256(b"content").hexdigest()
    assert state.mode == "640"
    assert state.owner == f"{path.owner()}:{path.group()}"


def test_folders_links_and_absent_files_have_no_state(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    assert fact(files.FileStates, paths=(str(tmp_path), str(tmp_path / "link"), str(tmp_path / "absent"))) == {}


@pytest.mark.parametrize("name", ODD_NAMES)
def test_the_text_of_a_file(tmp_path, name):
    path = tmp_path / name
    path.write_text("one\ntwo\n")
    assert fact(files.FileTexts, paths=(str(tmp_path), str(path), str(tmp_path / "absent"))) == {
        str(path): "one\ntwo\n"
    }


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\n", b"\n\n", b"no newline at the end", b"two\n\n", b"\r\n", b" \t \n", b"-- kubestead file /x\n",
        b"latin-1: \xe9\n", b"$(id) `id` \\n\n", b"page\x0cbreak\n", "\u2028\n".encode(),
    ],
    ids=repr,
)  # fmt: skip
def test_a_text_comes_back_byte_by_byte(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    text = fact(files.FileTexts, paths=(str(path),))[str(path)]
    assert text.encode(errors="surrogateescape") == content


@settings(max_examples=25, deadline=None)
@given(contents=st.lists(st.binary(max_size=80).map(lambda data: data.replace(b"\0", b"")), min_size=2, max_size=3))
def test_any_texts_come_back_byte_by_byte(tmp_path_factory, contents):
    folder = tmp_path_factory.mktemp("texts")
    paths = {str(folder / str(number)): content for number, content in enumerate(contents)}
    for path, content in paths.items():
        Path(path).write_bytes(content)
    texts = fact(files.FileTexts, paths=tuple(paths))
    assert {path: text.encode(errors="surrogateescape") for path, text in texts.items()} == paths
