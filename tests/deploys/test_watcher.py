"""deploys/watcher.py on fake hosts: where the watcher goes, in which order, and what stops it before any change."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploys.runner import Run, run
from tests.deploys.watched import HOST, INSTALLED

LAB = "__import__('tests.deploys.watched', fromlist=['watched']).watched_lab"
WORKERS = ("k8s-worker1", "k8s-worker2")
TOKENS = (
    '{"items": [{"metadata": {"name": "kubestead-watch-@fake/k8s-cp"}, "data": {"token": "dA==", "ca.crt": "YQ=="}}]}'
)
# An answer is the same all through a run: the key, the token and the reach are there from the start.
WORKS = {
    "k8s-cp": {
        "facts/watcher.py reads": INSTALLED.replace("bundle=k1", "bundle=old"),
        "get secrets --selector": TOKENS,
        "xargs -P 16": "@fake/k8s-cp yes\n@fake/k8s-worker1 yes\n@fake/k8s-worker2 yes",
    }
}


def watcher(folder: Path, *options: str, answers: object = None) -> Run:
    return run(folder, "watcher", *options, lab=f"{LAB}({answers!r})")


def test_the_story_is_told_in_order_before_anything_runs(tmp_path: Path) -> None:
    done = watcher(tmp_path, "--dry", "--json", answers=WORKS)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.plan if not line.startswith("nobody")] == [
        "k8s-cp                  Watcher | Software",
        "k8s-cp                  Watcher | Configuration",
        "every host              Watcher | The watchers' SSH keys",
        "k8s-cp                  Watcher | Rights in the cluster",
        "k8s-cp                  Watcher | Kubeconfig",
        "k8s-cp                  Watcher | Unit",
        "k8s-cp                  Watcher | Service",
    ]


def test_every_node_lets_the_watcher_in_before_it_is_started(tmp_path: Path) -> None:
    done = watcher(tmp_path, "-y", "-vv", answers=WORKS)
    keys = done.sent(".ssh/.authorized_keys.kubestead")
    assert {host for _, host in keys} == {"k8s-cp", *WORKERS}
    (started,) = done.sent("systemctl start kubestead-watch.service")
    (rights,) = done.sent("apply --filename=-")
    assert max(place for place, _ in keys) < rights[0] < started[0]
    assert started[1] == rights[1] == "k8s-cp"
    # The Lease on fake hosts never changes, and the run says so.
    assert "the watcher runs on @fake/k8s-cp alone" in done.stderr


def test_no_secret_is_shown(tmp_path: Path) -> None:
    encoded = "c2VjcmV0LXRva2Vu"
    answers = {"k8s-cp": {**WORKS["k8s-cp"], "get secrets --selector": TOKENS.replace("dA==", encoded)}}
    done = watcher(tmp_path, "-y", "-vv", answers=answers)
    for word in (encoded, "secret-token"):
        assert word not in done.stdout + done.stderr


def test_a_worker_watches_only_when_it_is_named(tmp_path: Path) -> None:
    hosts = "@fake/k8s-cp,@fake/k8s-worker1"
    named = watcher(tmp_path, "--dry", "--json", "--data", f"watcher_hosts={hosts}", answers=WORKS)
    assert named.returncode == 0, named.stderr
    assert "k8s-cp k8s-worker1      Watcher | Software" in named.plan
    assert "k8s-worker1             Watcher | User and SSH key" in named.plan
    assert "alone" not in named.stderr


def test_absent_removes_everything_everywhere(tmp_path: Path) -> None:
    there = {"facts/watcher.py reads": INSTALLED, "get serviceaccounts": "serviceaccount/kubestead-watch"}
    line = 'from="192.168.1.187",restrict ssh-ed25519 AAAAmade kubestead-watch@x'
    answers = {"k8s-cp": {**there, 'for f in /root/.ssh/authorized_keys ; do if [ -f "$f" ] && t=': _text(line)}}
    done = watcher(tmp_path, "-y", "-vv", "--data", "state=absent", answers=answers)
    assert done.returncode == 0, done.stderr
    assert {host for _, host in done.sent("userdel kubestead-watch")} == {"k8s-cp"}
    assert {host for _, host in done.sent(".ssh/.authorized_keys.kubestead")} == {"k8s-cp"}
    assert len(done.sent("delete --ignore-not-found")) == 3
    assert done.sent("systemctl start") == []


def test_absent_where_nothing_is_changes_nothing(tmp_path: Path) -> None:
    done = watcher(tmp_path, "-y", "-vv", "--data", "state=absent")
    assert done.returncode == 0, done.stderr
    assert [line for line in done.record if line["changed"] or line["error"]] == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("state=gone", "state=gone: say present or absent"),
        ("watcher_hosts=nobody", "watcher_hosts: nobody: no such host; there are @fake/k8s-cp"),
    ],
)
def test_what_was_not_meant_is_refused(tmp_path: Path, data: str, words: str) -> None:
    done = watcher(tmp_path, "-y", "-vv", "--data", data)
    assert done.returncode == 1
    assert words in done.stderr
    assert done.record == []


@pytest.mark.parametrize(
    ("host", "words"),
    [
        (HOST.replace("library=yes", ""), "has no Python with its whole standard library"),
        (HOST.replace("3.10", "3.8"), "has Python 3.8"),
    ],
)
def test_a_host_that_cannot_run_it_is_refused_before_any_change(tmp_path: Path, host: str, words: str) -> None:
    done = watcher(tmp_path, "-y", "-vv", answers={"k8s-cp": {"facts/watcher.py reads": host}})
    assert done.returncode == 1
    assert words in done.stderr
    assert "nothing was changed" in done.stderr
    assert done.record == []


def test_a_host_whose_key_nobody_knows_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, "watcher", "-y", lab=f"{LAB}()\nopen('known_hosts', 'w').close()")
    assert done.returncode == 1
    assert "its SSH host key is not known on this machine" in done.stderr


def test_where_sudo_asks_for_a_password_the_watcher_is_refused(tmp_path: Path) -> None:
    told = "workers[0][1].update(_sudo=True, kubestead_sudo_password_file='sudo')\nopen('sudo', 'w').write('secret')"
    done = run(tmp_path, "watcher", "-y", lab=f"{LAB}()\n{told}")
    assert done.returncode == 1
    assert "sudo asks for a password there, and the watcher keeps none" in done.stderr


def test_without_a_cluster_there_is_nothing_to_watch(tmp_path: Path) -> None:
    done = run(tmp_path, "watcher", "-y", lab="bare_lab()")
    assert done.returncode == 1
    assert "there is no cluster to watch" in done.stderr


def _text(content: str) -> str:
    from tests.deploys.lab import text

    return text("/root/.ssh/authorized_keys", f"{content}\n")
