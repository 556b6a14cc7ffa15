"""install_artifacts: what is missing is installed, each by its own script."""

from __future__ import annotations

from kubestead.catalog import Artifact
from kubestead.facts.artifacts import InstalledArtifacts
from kubestead.operations.artifacts import Installation, install_artifacts
from tests.operations.harness import run

TARBALL = Installation(
    "containerd", Artifact(url="http://mirror/c.tgz", sha256="a" * 64), (("bin/ctr", "/usr/local/bin/ctr"),)
)
PLAIN = Installation("runc", Artifact(url="http://mirror/runc", sha256="b" * 64), (("", "/usr/local/sbin/runc"),))


def test_what_is_installed_is_left():
    facts = {InstalledArtifacts: {"containerd": "a" * 64, "runc": "b" * 64, "helm": "c"}}
    outcome = run(install_artifacts, facts, installations=[TARBALL, PLAIN])
    assert (outcome.commands, outcome.noop) == ([], "containerd, runc installed")


def test_only_another_digest_is_installed():
    facts = {InstalledArtifacts: {"containerd": "a" * 64, "runc": "a" * 64}}
    (script,) = run(install_artifacts, facts, installations=[TARBALL, PLAIN]).shell
    assert "http://mirror/runc" in script
    assert "b" * 64 in script


def test_everything_is_installed_on_a_bare_host():
    scripts = run(install_artifacts, {InstalledArtifacts: {}}, installations=[TARBALL, PLAIN]).shell
    assert ["tar -C" in script for script in scripts] == [True, False]
