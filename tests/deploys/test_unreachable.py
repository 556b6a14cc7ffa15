"""Hosts that do not answer over SSH: the run ends before any change, or does the rest if that was asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.deploys.lab import health
from tests.deploys.runner import Run, run

# Refused at once: nobody listens on port 1.
CLOSED = "{{'ssh_hostname': '127.0.0.1', 'ssh_port': 1, 'node_address': {address!r}}}"
SKIP = ("--data", "skip_unreachable=true")


def lab(*dead: str, first: str = "bare_lab()") -> str:
    """The lab with these hosts dead."""
    places = {
        "k8s-cp": ("control_plane[0]", "192.168.1.187"),
        "k8s-worker1": ("workers[0]", "192.168.1.61"),
        "k8s-worker2": ("workers[1]", "192.168.1.62"),
    }
    lines = [f"{place} = ({name!r}, {CLOSED.format(address=address)})" for name, (place, address) in places.items()
             if name in dead]  # fmt: skip
    sources = "{'catalog': 'catalog.yaml', 'registry': 'http://192.168.1.1:5000'}"
    lines += [f"{places[name][0]}[1]['kubestead_sources'] = {sources}" for name in dead]
    return "\n".join([first, *lines])


def kept(done: Run, file: str) -> dict[str, Any]:
    (path,) = done.folder.glob(f".kubestead/runs/*/{file}")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_a_dead_worker_is_named_beside_everything_else_and_nothing_is_done(tmp_path: Path) -> None:
    low = lab("k8s-worker2") + "\nfacts = workers[0][1]['fake_responses']"
    low += (
        "\nfacts['@@ identity'] = facts['@@ identity'].replace('MemTotal:        4008164', 'MemTotal:        921600')"
    )
    done = run(tmp_path, "cluster", "-y", lab=low)
    assert done.returncode == 1
    assert "cannot be reached over SSH" in done.stderr
    assert "--data skip_unreachable=true" in done.stderr
    assert "memory = 900 MiB" in done.stderr
    assert "nothing was changed" in done.stderr
    assert done.record == []


def test_nobody_is_asked_whether_to_go_on(tmp_path: Path) -> None:
    done = run(tmp_path, "cluster", lab=lab("k8s-worker2"))
    assert (done.returncode, "Press enter" in done.stderr) == (1, False), done.stderr


def test_what_only_looks_goes_on_without_asking(tmp_path: Path) -> None:
    """Up to pyinfra's question before any run."""
    done = run(tmp_path, "diagnose", lab=lab("k8s-worker2"))
    assert done.stderr.count("Press enter") == 1, done.stderr
    assert "failed to connect, continue?" not in done.stderr
    assert "skip this step with -y" in done.stderr


@pytest.mark.parametrize(
    ("deploy", "dead", "options"),
    [
        ("reset", ["k8s-worker2"], ["--data", "confirm=lab"]),
        ("verify", ["k8s-worker2"], []),
        ("cluster", ["k8s-cp", "k8s-worker1", "k8s-worker2"], SKIP),
        ("reset", ["k8s-cp", "k8s-worker2"], ["--data", "confirm=lab", *SKIP]),
    ],
    ids=["reset", "verify", "everybody", "a control plane too"],
)
def test_all_who_are_dead_are_named_in_one_line(
    tmp_path: Path, deploy: str, dead: list[str], options: list[str]
) -> None:
    done = run(tmp_path, deploy, "-y", *options, lab=lab(*dead))
    assert done.returncode == 1
    assert f"SSH does not reach {', '.join(dead)}" in done.stderr
    assert "nothing was changed" in done.stderr
    assert "Beginning operation run" not in done.stderr


def test_a_dead_control_plane_is_never_skipped(tmp_path: Path) -> None:
    done = run(tmp_path, "cluster", "-y", *SKIP, lab=lab("k8s-cp", "k8s-worker2"))
    assert done.returncode == 1
    assert done.stderr.count("error: cannot be reached over SSH") == 2
    assert done.record == []


def test_dead_workers_are_left_out_where_that_is_asked(tmp_path: Path) -> None:
    done = run(tmp_path, "cluster", "-y", *SKIP, lab=lab("k8s-worker2"))
    assert done.returncode == 1
    joined = [line["host"] for line in done.record if line["operation"] == "kubeadm join"]
    assert joined == ["k8s-worker1"]
    assert not [line for line in done.record if line["error"]]
    assert done.record[-1]["phase"] == "Verify"
    assert "left out of this run by skip_unreachable" in done.stderr
    assert "not waited for: k8s-worker2 (no node yet)" in done.stderr
    assert "--> done without k8s-worker2 in" in done.stderr
    why = (
        "left out, as SSH did not reach them: k8s-worker2; when they are back: pyinfra inventory.py deploys/cluster.py"
    )
    assert done.stderr.splitlines()[-1] == f"--> {why}; exit code 1"
    assert kept(done, "run.json")["left_out"] == ["k8s-worker2"]
    end = kept(done, "end.json")
    assert (end["exit_code"], end["outcome"], end["error"]) == (1, "failed", why)


def test_a_member_that_is_dead_is_not_waited_for_but_named(tmp_path: Path) -> None:
    rows = health("@fake/k8s-cp", "@fake/k8s-worker1")[:-1] + health("k8s-worker2", ready="Unknown")[:1]
    rows.append("\t".join(["DaemonSet", "cilium", *[""] * 5, "3", "2", "3", "", "1", "1"]))
    answers = {"k8s-cp": {"get nodes,daemonsets": rows}}
    done = run(tmp_path, "verify", "-y", "-vv", *SKIP, lab=lab("k8s-worker2", first=f"bare_lab({answers!r})"))
    assert done.returncode == 1
    assert "not waited for: k8s-worker2 (Ready=Unknown)" in done.stderr
    assert not [line for line in done.record if line["error"]]
    assert done.record[-1]["operation"].startswith("Smoke")


def test_nobody_is_left_out_who_answers(tmp_path: Path) -> None:
    done = run(tmp_path, "cluster", "-y", *SKIP)
    assert (done.returncode, "left out" in done.stderr) == (0, False), done.stderr


def test_a_worker_that_is_excluded_may_be_dead(tmp_path: Path) -> None:
    done = run(tmp_path, "cluster", "-y", "--exclude", "k8s-worker2", lab=lab("k8s-worker2"))
    assert done.returncode == 0, done.stderr
    assert [line["host"] for line in done.record if line["operation"] == "kubeadm join"] == ["k8s-worker1"]


def test_the_flag_is_true_or_false(tmp_path: Path) -> None:
    done = run(tmp_path, "cluster", "-y", "--data", "skip_unreachable=yes")
    assert (done.returncode, "skip_unreachable = 'yes': is neither true nor false" in done.stderr) == (1, True)
    assert "Connecting" not in done.stderr
