"""The operator's kubeconfig is fetched once, readable by its owner alone."""

from __future__ import annotations

import os
import stat

import pytest
import yaml

from kubestead.facts.files import FileTexts
from kubestead.operations.kubeconfig import ADMIN_CONF, fetch_kubeconfig
from tests.operations.harness import Outcome, run
from tests.shell import sh

CONF = yaml.safe_dump({"clusters": [{"name": "lab", "cluster": {"server": "https://k8s-api:6443"}}], "users": []})


@pytest.fixture
def fetch(tmp_path):
    path = tmp_path / "new" / "kubeconfig"

    def fetch_once() -> Outcome:
        facts = {FileTexts: {ADMIN_CONF: CONF}}
        return run(fetch_kubeconfig, facts, destination=str(path), server="https://10.9.8.7:6443")

    return path, fetch_once


def test_it_is_written_with_mode_0600_and_then_left(fetch):
    path, fetch_once = fetch
    old = os.umask(0)
    try:
        fetch_once().call()
    finally:
        os.umask(old)

    assert yaml.safe_load(path.read_text())["clusters"][0]["cluster"]["server"] == "https://10.9.8.7:6443"
    assert stat.filemode(path.stat().st_mode) == "-rw-------"
    assert [entry.name for entry in path.parent.iterdir()] == ["kubeconfig"]
    assert fetch_once().noop == f"{path} is this cluster's"


@pytest.mark.parametrize("spoil", [lambda path: path.chmod(0o644), lambda path: path.write_text("old"), os.unlink])
def test_one_that_others_may_read_or_that_differs_is_written_again(fetch, spoil):
    path, fetch_once = fetch
    fetch_once().call()
    spoil(path)

    fetch_once().call()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert fetch_once().noop


def test_a_folder_that_cannot_be_written_is_told_and_nothing_stays(fetch, caplog):
    path, fetch_once = fetch
    path.mkdir(parents=True)  # a folder where the file should be
    assert fetch_once().call() is False
    assert f"{path} cannot be written on this machine: Is a directory" in caplog.text
    assert list(path.parent.iterdir()) == [path]


def test_what_a_killed_run_left_is_overwritten(fetch):
    path, fetch_once = fetch
    path.parent.mkdir()
    left = path.parent / ".kubeconfig.new"
    left.write_text("half of a key")
    left.chmod(0o644)
    assert fetch_once().call() is True
    assert [entry.name for entry in path.parent.iterdir()] == ["kubeconfig"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_written_while_it_is_only_planned(fetch):
    path, fetch_once = fetch
    assert len(fetch_once().commands) == 1
    assert not path.exists()


def test_an_unreadable_admin_conf_fails_the_host(tmp_path):
    outcome = run(fetch_kubeconfig, {FileTexts: {}}, destination=str(tmp_path / "x"), server="https://x:6443")
    done = sh(outcome.shell[0])
    assert done.returncode == 1
    assert b"node1: /etc/kubernetes/admin.conf cannot be read" in done.stderr
