"""The shared build, as a guarded site has it: by a user with sudo, through a jump host, and with no secret seen."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from kubestead.record.read import FOLDER
from tests.twin.building import Building
from tests.twin.conftest import Twin
from tests.twin.guarded import JUMP, USER
from tests.twin.leaks import Hit, hits_in_file, hits_in_samples, hits_on_host, secrets
from tests.twin.operator import NODES, deploy

pytestmark = pytest.mark.twin

# Where a cluster keeps its secrets; each file is its owner's alone, or in such a folder.
KEPT = re.compile(
    r"k8s-cp:/etc/kubernetes/pki/(etcd/)?[a-z-]+\.key|[\w-]+:/etc/kubernetes/[a-z-]+\.conf"
    r"|k8s-cp:/var/lib/etcd/.*|[\w-]+:/var/lib/kubelet/pki/.*\.(pem|key)|[\w-]+:/var/lib/kubelet/pods/.*"
    r"|[\w-]+:/etc/ssh/ssh_host_\w+_key"
)
PLANTED = {
    "words",
    "temporary file of canary",
    "k8s-worker1:journal",
    "k8s-worker1:/root/.bash_history",
}


@pytest.fixture(scope="module")
def known(building: Building, built: Twin) -> dict[str, frozenset[str]]:
    """Every secret of the build."""
    others = {"sudo's password": building.guarded.secret, "the canary": building.canary}
    return secrets(built, others)


@pytest.fixture(scope="module")
def hits(building: Building, built: Twin, known: dict[str, frozenset[str]]) -> list[Hit]:
    """Every place any of them is found in."""
    page = building.temporary.with_name("report.html")
    argv = [sys.executable, "-m", "kubestead.cli", "report", building.record.name, "--output", str(page)]
    subprocess.run(argv, check=True, capture_output=True)
    left = [page, *building.record.rglob("*"), *building.temporary.rglob("*"), *Path.home().glob(".*history")]
    left += [path for path in (Path("pyinfra-debug.log"), *FOLDER.parent.glob("*.y*ml")) if path.exists()]
    output = building.temporary.with_name("output")
    output.write_text(building.run.text)
    found = list(hits_in_samples(known, building.samples))
    for path in (output, *left):
        if path.is_file():
            found += hits_in_file(known, path, f"controller:{path.name} line {{line}}")
    for node in NODES:
        found += hits_on_host(built, node, known)
    return found


def test_the_way_was_the_guarded_one(building: Building, built: Twin) -> None:
    addresses = built.record["addresses"]
    for node in NODES:
        accepted = built.ssh(
            node, f"journalctl --no-pager -o cat -t sshd -g 'Accepted publickey for {USER}'"
        ).splitlines()
        assert accepted
        source = "192.168.1.1" if node == JUMP else addresses[JUMP]
        assert {line.split(" from ")[1].split()[0] for line in accepted} == {source}
    told = (built.state / "known_hosts").read_text()
    learnt = building.guarded.known_hosts.read_text().splitlines()
    assert len(learnt) == len(NODES)
    assert all(line.split()[2] in told for line in learnt)


def test_the_same_run_again_changes_nothing(building: Building, built: Twin) -> None:
    again = deploy(built, "cluster", "--json", site=building.guarded.site)
    assert again.returncode == 0, again.text
    assert again.changed == []
    assert again.totals["error"] == 0


def test_every_kind_of_secret_was_looked_for(known: dict[str, frozenset[str]]) -> None:
    names = " ".join(known)
    for kind in (
        "pki/ca.key", "pki/sa.key", "pki/etcd/ca.key", "admin.conf", "bootstrap token 1", "sudo's password",
        "kubelet-client-", "Secret cilium-ca", "Secret hubble-server-certs",
    ):  # fmt: skip
        assert kind in names
    assert all(len(word) >= 16 for words in known.values() for word in words)


def test_the_search_finds_what_was_planted(hits: list[Hit]) -> None:
    found = {hit.place for hit in hits if hit.name == "the canary"}
    missing = {place for place in PLANTED if not any(one.startswith(place) for one in found)}
    assert not missing, found


def test_no_secret_is_anywhere_but_where_it_is_kept(hits: list[Hit]) -> None:
    elsewhere = {hit for hit in hits if hit.name != "the canary" and not KEPT.fullmatch(hit.place)}
    assert not elsewhere


def test_where_secrets_are_kept_nobody_else_can_read(hits: list[Hit]) -> None:
    kept = {hit for hit in hits if KEPT.fullmatch(hit.place)}
    assert {"k8s-cp:/etc/kubernetes/pki/ca.key", "k8s-cp:/etc/kubernetes/admin.conf"} <= {hit.place for hit in kept}
    assert not {hit for hit in kept if not hit.private}


def test_the_kubeconfig_and_the_runs_folder_are_the_operators_alone(building: Building) -> None:
    assert (FOLDER.parent / "kubeconfig").stat().st_mode & 0o777 == 0o600
    assert building.record.stat().st_mode & 0o077 == 0
    assert list(building.temporary.iterdir()) == []


def test_a_reinstalled_host_is_refused_until_a_person_trusts_its_key(building: Building, built: Twin) -> None:
    node, site, folder = "k8s-worker2", building.guarded.site, "/etc/ssh"
    address = built.record["addresses"][node]
    anybody = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
    inside = ["exec", "--", "ssh", "-F", "none", "-i", str(built.state / "id_ed25519"), *anybody, f"root@{address}"]
    built.ssh(node, f"cp -a {folder} /root/ssh && rm {folder}/ssh_host_* && ssh-keygen -qA && systemctl restart ssh")
    try:
        refused = deploy(built, "cluster", site=site)
        assert refused.returncode == 1
        assert f"[{node}]" in refused.text
        assert "its SSH host key has changed" in refused.text
        assert f"{building.guarded.known_hosts} line " in refused.text
        assert "Beginning operation run" not in refused.text
        assert "Traceback" not in refused.text
        shown = built.must(*inside, f"ssh-keygen -lf {folder}/ssh_host_ed25519_key.pub").split()[1]
        assert shown in refused.text
        trust = [sys.executable, "-m", "kubestead.cli", "trust-rebuilt", node, "--fingerprint", shown]
        built.must("exec", "--", "env", f"KUBESTEAD_SITE={site}", *trust)
        again = deploy(built, "cluster", "--json", site=site)
        assert again.returncode == 0, again.text
        assert again.changed == []
    finally:
        built.must(*inside, f"rm {folder}/ssh_host_* && cp -a /root/ssh/ssh_host_* {folder}/ && systemctl restart ssh")
