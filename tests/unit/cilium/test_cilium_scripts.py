"""The scripts that ask hosts and the API about Cilium: sound POSIX shell, read-only, understood here."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from kubestead.cilium.status.said import host_view
from kubestead.facts.cilium import CLUSTER_SCRIPT, HOST_SCRIPT, CiliumCluster, CiliumHost
from tests.shell import SH, fact

SCRIPTS = (HOST_SCRIPT, CLUSTER_SCRIPT)


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_no_fault(script: Path) -> None:
    done = subprocess.run(["shellcheck", "--shell=dash", str(script)], capture_output=True, text=True, check=False)
    assert done.stdout == ""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_it_writes_to_no_file(script: Path) -> None:
    text = "\n".join(line for line in script.read_text().splitlines() if not line.startswith("#"))
    assert set(re.findall(r"(?<![<-])>+ *([^\s;)]+)", text)) <= {"/dev/null", "&1"}
    assert not re.search(
        r"\b(tee|mktemp|touch|rm|mv|cp|mkdir|kubectl (?!--kubeconfig \S+ --request-timeout=10s get))\b", text
    )


@pytest.mark.parametrize("shell", [SH, "bash"])
def test_a_host_without_an_agent(shell: str) -> None:
    command = CiliumHost().command("k8s-worker'1")
    done = subprocess.run([shell, "-c", command], capture_output=True, text=True, check=True)
    found = host_view(done.stdout.splitlines())
    assert done.stderr == ""
    assert found.node == "k8s-worker'1"
    assert found.cni_files is not None
    if found.process == "":
        assert (found.status, found.paths, found.troubles) == (None, None, {})


def test_a_host_without_a_cluster() -> None:
    found = fact(CiliumCluster, path="/usr/bin:/bin")
    assert not found.answers
    assert found.asked
    assert set(found.troubles) == {"nodes", "pods", "cilium_nodes", "node_configs", "objects"}
