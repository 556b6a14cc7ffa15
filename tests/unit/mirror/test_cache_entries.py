"""`kubestead cache`: what it lists, what it removes, and what it leaves alone."""

import os

import pytest
from typer.testing import CliRunner

from kubestead import cache
from kubestead.cli.cache import app


def entry(kind, name, age, size=8192):
    path = cache.root() / kind / name
    path.mkdir(parents=True)
    (path / "data").write_bytes(b"x" * size)
    os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))
    return path


@pytest.fixture
def entries():
    made = {
        "old": entry("components", f"etcd-{'a' * 16}", age=50),
        "new": entry("components", f"etcd-{'b' * 16}", age=10),
        "other": entry("components", f"cni-plugins-{'a' * 16}", age=90),
        "node image": entry("node-images", "1" * 16, age=10),
        "old node image": entry("node-images", "2" * 16, age=20),
        "mirror": entry("mirrors", f"gomod-{'c' * 16}", age=10),
        "left over": entry("mirrors", f".gomod-{'d' * 16}-x1y2", age=5),
        "go": entry("go", "build", age=500),
        "key": entry("mirror-key", "secret.asc", age=500),
    }
    download = cache.root() / "downloads" / ("e" * 64)
    download.parent.mkdir()
    download.write_bytes(b"x" * 4096)
    return {**made, "download": download}


def invoke(*arguments):
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def left(entries):
    return {name for name, path in entries.items() if path.exists()}


def test_list_names_every_entry_and_no_key(entries):
    shown = invoke("list")
    for path in entries.values():
        assert (path.name[:12] in shown) == ("mirror-key" not in path.parts)
    assert "in all" in shown


def test_prune_removes_what_newer_entries_replaced_and_what_was_left_over(entries):
    shown = invoke("prune")
    assert left(entries) == set(entries) - {"old", "old node image", "left over"}
    assert f"removed components/etcd-{'a' * 16}" in shown


def test_an_entry_of_the_future_does_not_count_as_the_newest(entries):
    os.utime(entries["old"], (4_000_000_000, 4_000_000_000))
    invoke("prune")
    assert {"new", "old"} & left(entries) == {"new"}


def test_prune_all_keeps_only_the_key(entries):
    invoke("prune", "--all")
    assert left(entries) == {"key"}


def test_what_is_held_stays(entries):
    with cache.hold(entries["mirror"]):
        assert f"in use, kept: mirrors/gomod-{'c' * 16}" in invoke("prune", "--all")
    assert left(entries) == {"key", "mirror"}


def test_an_entry_that_is_being_made_stays():
    with cache.new_entry(cache.root() / "mirrors" / f"gomod-{'f' * 16}") as work:
        invoke("prune", "--all")
        assert work.exists()


def test_an_empty_cache_is_no_error():
    assert "0 bytes in all" in invoke("list")
    assert "0 bytes freed" in invoke("prune")
