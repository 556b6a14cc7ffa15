"""A Helm release is upgraded when its chart, its values or its state differ, and only then."""

from __future__ import annotations

import pytest
import yaml

from kubestead.facts.files import FileStates
from kubestead.facts.helm import HelmRelease, Release
from kubestead.operations.helm import release
from tests.operations.harness import Outcome, run

VALUES = {"cluster": {"name": "lab"}, "replicas": 2}
DEPLOYED = Release("1.18.4", "deployed", 3, VALUES)


def outcome(present: Release | None) -> Outcome:
    return run(
        release, {HelmRelease: present, FileStates: {}}, release_name="cilium", namespace="kube-system",
        chart="/var/lib/kubestead/charts/cilium.tgz", chart_version="1.18.4", values=VALUES,
    )  # fmt: skip


def test_a_release_that_agrees_is_left():
    done = outcome(DEPLOYED)
    assert (done.commands, done.noop) == ([], "cilium 1.18.4 is deployed with these values")


@pytest.mark.parametrize(
    "present",
    [
        None, Release("1.18.3", "deployed", 3, VALUES), Release("1.18.4", "failed", 3, VALUES),
        Release("1.18.4", "pending-install", 3, VALUES),
        Release("1.18.4", "deployed", 3, {**VALUES, "replicas": 1}), Release("1.18.4", "deployed", 3, {}),
    ],
    ids=["none", "another chart", "failed", "killed", "another value", "no values"],
)  # fmt: skip
def test_a_release_that_differs_is_upgraded_with_the_values_whole(present):
    done = outcome(present)
    (text,) = done.uploads.values()
    assert yaml.safe_load(text) == VALUES
    assert "\nput 600 " in done.shell[0]
    (script,) = done.shell[1:]
    lines = script.replace("\\\n", "").splitlines()
    assert " ".join(lines[-1].split()) == (
        "helm upgrade --install --reset-values cilium /var/lib/kubestead/charts/cilium.tgz --namespace kube-system "
        "--values /var/lib/kubestead/cilium-values.yaml > /dev/null"
    )


def test_the_record_of_a_helm_that_was_killed_is_deleted_first():
    script = outcome(Release("1.18.4", "pending-install", 3, VALUES)).shell[-1].replace("\\\n", "")
    wanted = "'owner=helm,name=cilium,status in (pending-install,pending-upgrade,pending-rollback)'"
    assert f"--selector {wanted}" in script
    assert script.index("kubectl delete secret") < script.index("rm -f /var/lib/kubestead/smoke-passed")
    assert script.index("rm -f") < script.index("helm upgrade")
