"""containerd's configuration is asked of itself; images are pulled in the background."""

from __future__ import annotations

import pytest

from kubestead.catalog import Catalog, Image
from kubestead.facts.containerd import ContainerdConfiguration, EffectiveConfiguration, Images
from kubestead.facts.files import FileStates
from kubestead.operations.containerd import understands_configuration
from kubestead.operations.images import start_pulling, unit_name
from tests.operations.harness import run
from tests.shell import sh

MEANT = EffectiveConfiguration("registry.k8s.io/pause:3.10", "true", "/etc/containerd/certs.d", "false")
OTHER = EffectiveConfiguration("registry.k8s.io/pause:3.8", "false", "", "false")


def test_a_configuration_read_as_meant_is_left():
    outcome = run(understands_configuration, {ContainerdConfiguration: MEANT}, expected=MEANT)
    assert (outcome.commands, outcome.noop) == ([], "containerd reads its configuration as meant")


def test_nothing_is_asked_while_it_is_only_planned():
    facts = {ContainerdConfiguration: EffectiveConfiguration()}
    assert run(understands_configuration, facts, expected=MEANT, executing=False).commands == []


def test_a_configuration_read_otherwise_fails_and_both_are_shown():
    check, refusal = run(understands_configuration, {ContainerdConfiguration: OTHER}, expected=MEANT).shell
    assert check == "/usr/local/bin/containerd config dump > /dev/null"
    done = sh(refusal)
    assert done.returncode == 1
    assert b"pause:3.8" in done.stderr
    assert b"pause:3.10" in done.stderr


def test_a_configuration_containerd_cannot_read_never_passes():
    facts = {ContainerdConfiguration: EffectiveConfiguration()}
    *_, refusal = run(understands_configuration, facts, expected=MEANT).shell
    assert sh(refusal).returncode == 1


PAUSE, ETCD = "registry.k8s.io/pause", "registry.k8s.io/etcd"
CATALOG = Catalog(
    origin="test", files={}, apt={},
    images={PAUSE: Image(tag="3.10", sha256="a" * 64), ETCD: Image(tag="3.5.15-0", sha256="b" * 64)},
)  # fmt: skip


def test_missing_images_are_pulled_by_digest_in_a_unit_that_is_not_waited_for():
    facts = {Images: frozenset({f"{PAUSE}@sha256:{'a' * 64}", f"{ETCD}:3.5.15-0"}), FileStates: {}}
    outcome = run(start_pulling, facts, purpose="node", names=[PAUSE, ETCD], catalog=CATALOG)

    unit = outcome.uploads["/run/systemd/system/kubestead-images-node.service"].decode()
    starts = [line.partition(" images ")[2] for line in unit.splitlines() if line.startswith("ExecStart=")]
    assert starts == [
        f"pull --hosts-dir /etc/containerd/certs.d {ETCD}@sha256:{'b' * 64}",
        f"tag --force {ETCD}@sha256:{'b' * 64} {ETCD}:3.5.15-0",
    ]
    assert outcome.shell[-1] == f"systemctl daemon-reload && systemctl start --no-block {unit_name('node')}"


@pytest.mark.parametrize("shown", [CATALOG.image, lambda name: CATALOG.image(name).partition("@")[2]])
def test_images_that_are_there_are_left(shown):
    """By their references, or by their digests where containerd is stopped."""
    facts = {Images: frozenset(shown(name) for name in CATALOG.images)}
    outcome = run(start_pulling, facts, purpose="node", names=[PAUSE, ETCD], catalog=CATALOG)
    assert (outcome.commands, outcome.noop) == ([], "2 images are there")
