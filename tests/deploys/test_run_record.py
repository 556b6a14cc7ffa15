"""The run record as a real run writes it: refused, failed, killed, and without secrets."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kubestead.record.model import Run as Recorded
from kubestead.record.read import BEGUN, find, read
from tests.deploys.runner import prepare, run, start

# A command that takes its time, on every host: seconds.
SLOW = "bare_lab()\nfor _, data in [*control_plane, *workers]: data['fake_delay'] = 0.05"


def recorded(folder: Path) -> Recorded:
    """The newest run of a folder."""
    return read(find(None, folder / ".kubestead/runs"))


def until(condition: Callable[[], object]) -> None:
    """Watch a condition until it holds."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


def begun(folder: Path) -> int:
    """How many operations were begun."""
    return sum(len(path.read_bytes().splitlines()) for path in folder.glob(f".kubestead/runs/*/{BEGUN}"))


def test_a_run_tells_what_it_was(tmp_path: Path) -> None:
    done = run(tmp_path, "verify", "-y", "--data", "diagnosis_file=x", "--ssh-password", "hunter2")
    assert done.returncode == 0, done.stderr
    found = recorded(tmp_path)
    assert (found.outcome, found.exit_code, found.deploys, found.errors) == ("succeeded", 0, ("verify",), 0)
    assert found.command == (
        "pyinfra inventory.py deploys/verify.py -y --data diagnosis_file=x --ssh-password *MASKED*"
    )
    assert [(node.name, node.role, node.address) for node in found.nodes][:2] == [
        ("@fake/k8s-cp", "control plane", "192.168.1.187"), ("@fake/k8s-worker1", "worker", "192.168.1.61"),
    ]  # fmt: skip
    assert found.cluster["Kubernetes"] == "1.31.13"
    assert found.made_with["pyinfra"].startswith("3.10.")


def test_a_run_that_was_refused_is_recorded_with_its_findings(tmp_path: Path) -> None:
    done = run(tmp_path, "cluster", "-y", lab="bare_lab()\nworkers[0][1]['node_address'] = 'x'")
    assert done.returncode == 1
    found = recorded(tmp_path)
    assert (found.outcome, found.exit_code, found.operations) == ("refused", 1, [])
    assert "nothing was changed" in found.error
    assert any("k8s-worker1" in one.where and one.severity == "error" for one in found.findings)


@pytest.mark.parametrize(("deploy", "options"), [("cluster", ["--dry"]), ("diagnose", ["-y"])])
def test_what_only_looks_leaves_no_record(tmp_path: Path, deploy: str, options: list[str]) -> None:
    run(tmp_path, deploy, *options)
    assert not (tmp_path / ".kubestead").exists()


def test_a_failure_is_recorded_with_what_was_said_but_no_secret(tmp_path: Path) -> None:
    said = {"success": False, "stderr": "password=hunter2 and abcdef.0123456789abcdef are wrong"}
    done = run(tmp_path, "cluster", "-y", lab=f"bare_lab({ ({'k8s-cp': {'kubeadm init --config': said}})!r})")
    assert done.returncode == 1
    found = recorded(tmp_path)
    (error,) = [one for one in found.operations if one.error]
    assert (found.outcome, found.exit_code, error.name, error.host) == ("failed", 1, "kubeadm init", "@fake/k8s-cp")
    assert error.said == "password=*MASKED* and *MASKED* are wrong"
    assert found.failed_hosts == ["@fake/k8s-cp"]


HIDDEN = """\
from pyinfra.api import QuoteString, StringCommand, operation
from pyinfra.api.hiddenvalue import HiddenValue
from kubestead.phases.run import begin_run

@operation()
def tell():
    yield StringCommand("tell", QuoteString(HiddenValue("open sesame")), _stdin="abracadabra")

begin_run()
tell(name="Tell", _env={"WORD": HiddenValue("shibboleth")}, _stdin="swordfish")
"""


def test_hidden_values_stay_hidden_whatever_a_command_makes_of_them(tmp_path: Path) -> None:
    prepare(tmp_path, "bare_lab({'k8s-cp': {'tell ': {'success': False, 'stderr': "
            "'heard: open sesame, shibboleth, swordfish, abracadabra'}}})")  # fmt: skip
    (tmp_path / "deploys").unlink()
    (tmp_path / "deploys").mkdir()
    (tmp_path / "deploys/hidden.py").write_text(HIDDEN)
    process = start(tmp_path, "hidden", "-y")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    (error,) = [one for one in recorded(tmp_path).operations if one.error]
    assert error.said == "heard: *MASKED*, *MASKED*, *MASKED*, *MASKED*"
    text = "".join(path.read_text() for path in tmp_path.glob(".kubestead/runs/*/*"))
    assert not [secret for secret in ("open sesame", "shibboleth", "swordfish", "abracadabra") if secret in text]


@pytest.mark.parametrize("operations", [1, 12])
def test_a_killed_run_leaves_a_record_that_shows_where_it_was(tmp_path: Path, operations: int) -> None:
    prepare(tmp_path, SLOW)
    process = start(tmp_path, "cluster", "-y")
    until(lambda: begun(tmp_path) >= operations)
    assert recorded(tmp_path).outcome == "running"
    process.kill()
    process.wait()
    found = recorded(tmp_path)
    assert found.outcome == "killed"
    assert found.exit_code is None
    assert len({one.title for one in found.operations}) >= operations
    assert found.nodes
    assert found.cluster["Cilium"] == "1.18.4"


def test_an_interrupted_run_is_no_success_though_pyinfra_says_so(tmp_path: Path) -> None:
    prepare(tmp_path, SLOW)
    process = start(tmp_path, "cluster", "-y")
    until(lambda: begun(tmp_path) >= 3)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert recorded(tmp_path).outcome == "interrupted", output


def test_pyinfras_own_options_of_order_are_recorded_too(tmp_path: Path) -> None:
    done = run(tmp_path, "cluster", "-y", "--no-wait")
    assert {line["host"] for line in done.record} == {"k8s-cp", "k8s-worker1", "k8s-worker2"}
    assert recorded(tmp_path).outcome in ("succeeded", "failed")


def test_a_record_that_cannot_be_written_is_told_once_and_the_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / ".kubestead").mkdir()
    (tmp_path / ".kubestead/runs").write_text("a file, where a folder should be")
    done = run(tmp_path, "verify", "-y")
    assert done.returncode == 0, done.stderr
    assert "ok      everything" in done.stderr
    assert done.stderr.count("the run record cannot be written") == 1
    assert "the run goes on" in done.stderr
