"""A dry run after any drift lists exactly what the real run then does, and touches nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from kubestead.kubeconfig import secrets_in
from tests.twin.building import Building
from tests.twin.conftest import Twin
from tests.twin.drifts import OPERATOR, Drift, rounds
from tests.twin.operator import KUBECTL, NODES, altered_site, changes, deploy, host_fingerprint, planned

pytestmark = pytest.mark.twin

Changes = set[tuple[str, str]]
LABEL, TAINT = "example.com/disk", "example.com/slow"
ROUNDS = rounds()
PKI = "/etc/kubernetes/pki"
# Asked of the API server itself: kubectl and the endpoint's name may be what was taken away.
OBJECTS = f"""for path in nodes namespaces/kube-system/secrets namespaces/kube-system/configmaps; do
curl -fsS --connect-to ::127.0.0.1:6443 --cacert {PKI}/ca.crt --cert {PKI}/apiserver-kubelet-client.crt \
--key {PKI}/apiserver-kubelet-client.key -H 'Accept: application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' \
"https://kubernetes:6443/api/v1/$path" | grep -E '"(name|uid|{LABEL})":' | sort; done"""


@pytest.fixture(scope="module")
def site(built: Twin, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site file that asks for a label and a taint too."""
    marks = {"labels": {LABEL: "fast"}, "taints": [f"{TAINT}:PreferNoSchedule"]}
    return altered_site(built, tmp_path_factory.mktemp("site"), hosts={"k8s-worker1": marks})


def test_the_plan_for_bare_hosts_was_what_the_first_run_did(built: Twin, building: Building) -> None:
    assert building.plan == building.changes
    assert building.plan


@pytest.mark.parametrize("name", ROUNDS)
def test_a_dry_run_tells_what_the_run_then_does(built: Twin, site: Path, name: str) -> None:
    drifts = ROUNDS[name]
    secrets = secrets_in(built.ssh("k8s-cp", "cat /etc/kubernetes/admin.conf"))
    assert len(secrets) == 1
    for drift in drifts:
        make(built, drift)
        assert is_there(built, drift), f"could not be made: {drift}"
    before = fingerprint(built)

    dry = deploy(built, "cluster", "--dry", "--json", site=site)
    assert dry.returncode == 0, dry.text
    plan = planned(dry)
    assert missing(drifts, plan) == []
    differing = deploy(built, "cluster", "--dry", "--diff", site=site)
    assert differing.returncode == 0, differing.text
    assert not_shown(drifts, differing.text) == []
    assert [secret for secret in secrets if secret in differing.text] == []
    assert fingerprint(built) == before, "a dry run touches nothing"

    real = deploy(built, "cluster", site=site)
    assert real.returncode == 0, real.text
    assert changes() == plan
    assert [str(drift) for drift in drifts if is_there(built, drift)] == []

    again = deploy(built, "cluster", "--json", site=site)
    assert (again.returncode, again.changed) == (0, []), again.text


def test_the_marks_are_taken_off_again(built: Twin) -> None:
    """For the tests that come after; kubestead itself leaves a mark alone that is no longer asked for."""
    built.ssh("k8s-cp", f"{KUBECTL} label node k8s-worker1 {LABEL}- && {KUBECTL} taint node k8s-worker1 {TAINT}-")


def missing(drifts: Iterable[Drift], plan: Changes) -> list[str]:
    """Drifts whose own operations the plan does not list."""
    names = {(host, operation.rpartition(" | ")[2]) for host, operation in plan}
    return [f"{one}: {name}" for one in drifts for name in one.operations if (one.runs_on, name) not in names]


def not_shown(drifts: Iterable[Drift], text: str) -> list[str]:
    """What ``--diff`` should have shown of these drifts."""
    return [f"{one}: {line}" for one in drifts for line in one.diff if line not in text]


def fingerprint(twin: Twin) -> list[str]:
    return [*(host_fingerprint(twin, node) for node in NODES), twin.ssh("k8s-cp", OBJECTS)]


def make(twin: Twin, drift: Drift) -> None:
    if not drift.make.startswith("deploys/"):
        shell(twin, drift, drift.make)
        return
    run = deploy(twin, Path(drift.make).stem, "--limit", drift.host, "--data", "confirm=lab")
    assert run.returncode == 0, run.text


def is_there(twin: Twin, drift: Drift) -> bool:
    return shell(twin, drift, f"if {{ {drift.there}; }} then echo yes; else echo no; fi") == "yes"


def shell(twin: Twin, drift: Drift, command: str) -> str:
    if drift.host != OPERATOR:
        return twin.ssh(drift.host, command)
    return subprocess.run(["sh", "-ec", command], check=True, capture_output=True, text=True).stdout.strip()
