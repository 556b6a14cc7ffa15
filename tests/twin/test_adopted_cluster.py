"""A cluster somebody built by hand (handmade.sh): refused with the lines to write, then looked after like our own."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.twin.conftest import Twin
from tests.twin.operator import KUBECTL, PYINFRA, Run, host_fingerprint, planned

pytestmark = pytest.mark.twin_long

REPOSITORY = Path(__file__).parents[2]
NODES = ("k8s-cp", "k8s-worker1")


@dataclass(frozen=True)
class Lab:
    """A hand-made cluster on a twin of its own, and a folder to look after it from: a copy of the repository's."""

    twin: Twin
    folder: Path

    def deploy(self, name: str, *arguments: str) -> Run:
        """Run ``deploys/<name>.py`` from the folder."""
        yes = [] if "--dry" in arguments else ["-y"]
        argv = ["env", f"KUBESTEAD_SITE={self.folder}/site.yaml", PYINFRA, *yes, *arguments]
        done = self.twin.cli("exec", "--", *argv, "inventory/twin.py", f"deploys/{name}.py", cwd=self.folder)
        return Run(done.returncode, done.stdout, done.stderr)

    def write(self, line: str, key: str) -> None:
        """Write a line kubestead asked for into group_data/all.py, in place of the one that is there."""
        file = self.folder / "group_data" / "all.py"
        text, count = re.subn(rf"^{key} = .*$", lambda _: line, file.read_text(), flags=re.MULTILINE)
        assert count == 1
        file.write_text(text)

    def override(self, line: str) -> None:
        """Write a line kubestead asked for into the site file's overrides."""
        file = self.folder / "site.yaml"
        site = yaml.safe_load(file.read_text())
        site["overrides"] |= yaml.safe_load(line)
        file.write_text(yaml.safe_dump(site))

    def pods(self) -> dict[str, str]:
        """When each container of kube-system that is not Cilium's began, by pod; a restart would show."""
        row = '{.metadata.name} {.status.containerStatuses[*].state.running.startedAt}{"\\n"}'
        pods = f"{KUBECTL} -n kube-system get pods"
        told = self.twin.ssh("k8s-cp", f"{pods} -o jsonpath='{{range .items[*]}}{row}{{end}}'")
        pairs = (line.split(" ", 1) for line in told.splitlines())
        return {name: started for name, started in pairs if not name.startswith(("cilium", "hubble"))}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A twin of one control plane and one worker, with the hand-made cluster on it."""
    twin = Twin("test-adopt")
    twin.must("down")
    twin.must("up", "--workers", "1")
    try:
        twin.must("exec", "--", str(REPOSITORY / "tests" / "twin" / "handmade.sh"))
        folder = tmp_path_factory.mktemp("lab")
        for name in ("config.py", "deploys", "inventory"):
            (folder / name).symlink_to(REPOSITORY / name)
        shutil.copytree(REPOSITORY / "group_data", folder / "group_data")
        shutil.copy(twin.state / "site.yaml", folder / "site.yaml")
        yield Lab(twin, folder)
    finally:
        twin.must("down")


@pytest.fixture(scope="module")
def refused(lab: Lab) -> Run:
    """The first run, with the spec as it comes."""
    before = [host_fingerprint(lab.twin, node) for node in NODES]
    run = lab.deploy("cluster")
    assert run.returncode == 1
    assert [host_fingerprint(lab.twin, node) for node in NODES] == before
    return run


@pytest.fixture(scope="module")
def adopted(lab: Lab, refused: Run) -> Lab:
    """The lines written as the refusal said them, and the run again."""
    for line, key in re.findall(r"fix: write: ((\w+) = .+)$", refused.stderr, re.MULTILINE):
        lab.write(line, key)
    for line in re.findall(r"fix: write there: (.+)$", refused.stderr, re.MULTILINE):
        lab.override(line)
    before = lab.pods()
    run = lab.deploy("cluster")
    assert run.returncode == 0, run.text
    assert "FAILED" not in run.text
    assert "ok      Hubble relay answers" in run.text
    assert lab.pods() == before, "no container of somebody else's cluster may be restarted"
    return lab


def test_the_first_run_is_refused_with_every_line_to_write(refused: Run) -> None:
    for line in (
        'cluster_name = "kubernetes"',
        'control_plane_endpoint = "192.168.1.187:6443"',
        'service_cidr = "10.96.0.0/12"',
    ):
        assert f"fix: write: {line}\n" in refused.stderr
    assert "overrides.cilium_extra_values.cluster.name = lab: the running cluster has default" in refused.stderr
    assert "overrides.cilium_extra_values.bpf.events.trace.enabled: the running cluster has False" in refused.stderr
    assert "nothing was changed" in refused.stderr


def test_with_the_lines_written_it_goes_through_and_then_changes_nothing(adopted: Lab) -> None:
    run = adopted.deploy("cluster", "--json")
    assert run.returncode == 0, run.text
    assert run.changed == []
    assert "service_cidr = 10.96.0.0/12: meets the pod pool 10.0.0.0/8" in run.stderr, "a warning now"


def test_a_dry_run_expects_nothing(adopted: Lab) -> None:
    run = adopted.deploy("cluster", "--dry", "--json")
    assert planned(run) == set()


def test_the_values_given_by_hand_are_still_in_force(adopted: Lab) -> None:
    path = "{.data.bpf-events-trace-enabled} {.data.cluster-name} {.data.ipam}"
    told = adopted.twin.ssh("k8s-cp", f"{KUBECTL} -n kube-system get configmap cilium-config -o jsonpath='{path}'")
    assert told == "false default cluster-pool"


def test_apt_reads_one_entry_for_the_repository(adopted: Lab) -> None:
    for node in NODES:
        assert "Conflicting values" not in adopted.twin.ssh(node, "apt-get update 2>&1")
        adopted.twin.ssh(node, "grep -q '^# kubestead: .*deb ' /etc/apt/sources.list.d/kubernetes.list")


def test_no_name_is_given_to_an_address(adopted: Lab) -> None:
    assert "kubestead" not in adopted.twin.ssh("k8s-worker1", "cat /etc/hosts")


def test_what_cannot_be_changed_stays_refused(adopted: Lab) -> None:
    all_py = adopted.folder / "group_data" / "all.py"
    kept = all_py.read_text()
    try:
        adopted.write('dns_domain = "lab.example"', "dns_domain")
        run = adopted.deploy("cluster")
    finally:
        all_py.write_text(kept)
    assert run.returncode == 1
    assert 'fix: write: dns_domain = "cluster.local"' in run.stderr


def test_verify_works_there(adopted: Lab) -> None:
    run = adopted.deploy("verify")
    assert run.returncode == 0, run.text
    assert run.text.count("ok      pod to pod") == 2


def test_the_remedy_works_there(adopted: Lab) -> None:
    adopted.twin.ssh("k8s-worker1", "systemctl stop kubelet")
    run = adopted.deploy("restart_kubelet", "--limit", "k8s-worker1")
    assert run.returncode == 0, run.text
    assert "after: Ready=True and a new lease" in run.text


def test_handmade_is_plain_shell_without_findings() -> None:
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    subprocess.run(["shellcheck", str(REPOSITORY / "tests" / "twin" / "handmade.sh")], check=True)
