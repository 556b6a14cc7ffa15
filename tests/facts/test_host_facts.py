"""The facts HostFacts and ReachedPorts: one fixture file per case, and the script itself on this machine."""

from __future__ import annotations

import re
import socket
import subprocess
from pathlib import Path

import pytest
from pyinfra.api.exceptions import FactProcessError
from pyinfra_testing.facts import make_fact_tests

from kubestead.facts.host import SCRIPT, HostFacts
from kubestead.facts.membership import MARKER
from kubestead.facts.reachability import ReachedPorts
from kubestead.preflight.parse import host_info
from kubestead.preflight.survey import Probe

HERE = Path(__file__).parent
pytestmark = pytest.mark.filterwarnings("ignore:No command set for test")

HostFactsTests = make_fact_tests("tests.facts", "plain_host.HostFacts", HERE / "host.HostFacts")
ReachedPortsTests = make_fact_tests("kubestead.facts", "reachability.ReachedPorts", HERE / "reachability.ReachedPorts")


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_script_tells_about_this_machine(shell: str) -> None:
    done = subprocess.run([shell, "-c", HostFacts().command()], capture_output=True, text=True, check=True)

    info = host_info(done.stdout.splitlines())

    assert done.stderr == ""
    assert info.cores
    assert info.memory_mib
    assert info.var.free_gib
    assert info.kernel == Path("/proc/sys/kernel/osrelease").read_text().strip()
    assert info.clock
    assert info.swap_devices is not None


def test_the_script_writes_to_no_file() -> None:
    assert set(re.findall(r">+ *(\S+)", SCRIPT.read_text())) == {"/dev/null"}


def test_the_script_looks_for_the_marker_of_an_interrupted_kubeadm() -> None:
    assert MARKER in SCRIPT.read_text()


@pytest.mark.parametrize(
    "output",
    [[], ["sh: 1: not found"], ["@@ identity", "cores=2"], ["Last login: today"]],
    ids=str,
)
def test_an_answer_that_was_cut_off_is_no_answer(output: list[str]) -> None:
    with pytest.raises(FactProcessError, match="incomplete"):
        HostFacts().process(output)


def test_open_and_refused_ports_are_told_apart_on_this_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_server(("127.0.0.1", 0)) as other:
        open_port, closed_port = listening.getsockname()[1], other.getsockname()[1]
        other.close()
        command = ReachedPorts().command([("127.0.0.1", open_port), ("127.0.0.1", closed_port)]).get_raw_value()
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)

    assert set(ReachedPorts().process(done.stdout.splitlines())) == {
        Probe("127.0.0.1", open_port, "open"),
        Probe("127.0.0.1", closed_port, "refused"),
    }


def test_a_probe_without_an_answer_is_made_again_and_then_a_timeout(tmp_path: Path) -> None:
    """As on a host so busy that its first probes were cut off: here `timeout` ends the first look at once."""
    ended = tmp_path / "timeout"
    ended.write_text('#!/bin/sh\necho "$1" >>"$0.log"\n[ "$1" = 2 ] && exit 124\nshift\nexec "$@"\n')
    ended.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        peers = [("127.0.0.1", listening.getsockname()[1])]
        command = ReachedPorts().command(peers).get_raw_value()
        path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True, env=path)
        assert ReachedPorts().process(done.stdout.splitlines()) == (Probe(*peers[0], "open"),)
        ended.write_text("#!/bin/sh\nexit 124\n")
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True, env=path)
        assert ReachedPorts().process(done.stdout.splitlines()) == (Probe(*peers[0], "timeout"),)
