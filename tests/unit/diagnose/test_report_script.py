"""The scripts that ask a host and the API: sound POSIX shell, read-only, and understood on this very machine."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from kubestead.diagnose.parse import node_report
from kubestead.facts import api_view
from kubestead.facts import node_report as fact
from kubestead.facts.reach import Echo, Echoes
from tests.shell import SH
from tests.shell import fact as read

SCRIPTS = (fact.SCRIPT, api_view.SCRIPT)


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_no_fault(script: Path) -> None:
    done = subprocess.run(["shellcheck", "--shell=dash", str(script)], capture_output=True, text=True, check=False)
    assert done.stdout == ""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_it_writes_to_no_file(script: Path) -> None:
    text = "\n".join(line for line in script.read_text().splitlines() if not line.startswith("#"))
    # What comes after ">": nothing, another stream, the connection of page(), or an HTML-like word in a comment.
    assert set(re.findall(r"(?<![<-])>+ *([^\s;)]+)", text)) <= {"/dev/null", "&1", "&3"}
    assert not re.search(r"\b(tee|mktemp|touch|rm|mv|cp|mkdir|systemctl (?!show|is-active))\b", text)


def test_no_key_leaves_the_host() -> None:
    """Files that hold keys are read by what prints certificates only."""
    text = fact.SCRIPT.read_text()
    assert "client-key" not in text
    assert re.findall(r"cat [^|)]*(?:\.key|\.pem|conf\")", text) == []


@pytest.mark.parametrize("shell", [SH, "bash"])
def test_the_report_of_this_machine(shell: str) -> None:
    command = fact.NodeReports().command("k8s-worker'1")
    done = subprocess.run([shell, "-c", command], capture_output=True, text=True, check=True)
    report = node_report(done.stdout.splitlines())
    assert done.stderr == ""
    assert report.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert report.clock
    assert report.swaps is not None
    assert report.memory_total
    assert report.tasks
    root = next(disk for disk in report.disks if disk.path == "/")
    assert root.size == os.statvfs("/").f_blocks * os.statvfs("/").f_frsize
    assert root.read_only is False


def test_an_answer_that_was_cut_off_is_none() -> None:
    with pytest.raises(ValueError, match="incomplete"):
        node_report(["boot_id\tx", "clock\t1"])


def test_an_address_of_this_machine_answers_and_a_closed_port_refuses() -> None:
    assert read(Echoes, addresses=["127.0.0.1"])[0].kubelet in ("open", "refused")
    with socket.create_server(("127.0.0.2", 22)) as listening:
        listening.listen()
        found = read(Echoes, addresses=["127.0.0.2"])
    assert found == (Echo("127.0.0.2", found[0].ping, "open", "refused"),)


def test_of_a_program_that_says_much_the_end_is_told(tmp_path: Path) -> None:
    """A kubelet warns of every old flag first, and was once told to be no program for it."""
    program = tmp_path / "kubelet"
    program.write_text("#!/bin/sh\nseq -f 'Flag --old-%g has been deprecated' 99\necho unknown flag: --nope\nexit 1\n")
    program.chmod(0o755)
    text = fact.SCRIPT.read_text()
    functions = text[: text.index("\nhost_part()")]
    script = f"{functions}\nbinary kubelet {program}"
    done = subprocess.run([SH, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"binary\tkubelet 1 {program} ")
    assert done.stdout.rstrip().endswith("unknown flag: --nope")
