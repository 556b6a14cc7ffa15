"""What is put back on a node: only what differs; the administrator's own only where the kubelet does not run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kubestead.catalog import Catalog, Image
from kubestead.facts.containerd import CompleteImages
from kubestead.facts.damage import Damage, DamagedFiles
from kubestead.facts.files import FileStates, FileTexts
from kubestead.facts.kubeletconfig import ClusterKubeletConfig
from kubestead.facts.service import Service, Services
from kubestead.operations.remedies.restore import (
    CONFIG,
    FLAGS,
    image_present,
    kubelet_files,
    packages_whole,
    startable,
)
from kubestead.render import render
from tests.operations.harness import run
from tests.operations.patient import DEAD, RUNS, control_plane, node
from tests.shell import sh

KUBELET, CONTAINERD = "kubelet.service", "containerd.service"


def test_services_that_run_or_are_plainly_stopped_are_left():
    services = {KUBELET: RUNS, CONTAINERD: Service("loaded", "inactive", "enabled")}
    assert run(startable, {Services: services}).noop == "both services can be started"


@pytest.mark.parametrize(
    ("service", "words"),
    [
        (Service("masked", "inactive", "masked"), "systemctl unmask --quiet containerd.service"),
        (DEAD, "systemctl reset-failed containerd.service"),
        (Service("loaded", "activating", "enabled"), "systemctl reset-failed containerd.service"),
        (replace(RUNS, process="T"), 'kill -KILL "$pid"'),
        (replace(RUNS, frozen=True), "systemctl thaw containerd.service"),
    ],
)
def test_what_keeps_a_service_from_starting_goes_and_nothing_is_started_yet(service, words):
    (script,) = run(startable, {Services: {CONTAINERD: service, KUBELET: RUNS}}).shell
    assert words in script
    assert "systemctl restart" not in script
    assert "systemctl enable" not in script
    assert ("systemctl stop" in script) is (service.active == "active")


PAUSE = "registry.k8s.io/pause"
CATALOG = Catalog(origin="test", files={}, apt={}, images={PAUSE: Image(tag="3.10", sha256="a" * 64)})
REFERENCE = f"{PAUSE}@sha256:{'a' * 64}"


def test_an_image_that_is_there_by_tag_and_digest_is_left():
    facts = {CompleteImages: frozenset({REFERENCE, f"{PAUSE}:3.10"})}
    assert run(image_present, facts, image_name=PAUSE, catalog=CATALOG).noop


@pytest.mark.parametrize("present", [{REFERENCE}, {f"{PAUSE}:3.10"}, set()])
def test_an_image_without_its_tag_or_digest_is_pulled_by_digest(present):
    (command,) = run(image_present, {CompleteImages: frozenset(present)}, image_name=PAUSE, catalog=CATALOG).shell
    assert f"pull --local --hosts-dir /etc/containerd/certs.d {REFERENCE}" in command
    assert f"tag --force {REFERENCE} {PAUSE}:3.10" in command


PACKAGES = {"kubelet": "1.31.13-1.1", "kubernetes-cni": "1.5.1-1.1"}


def whole(*damaged, service=RUNS):
    host = node({DamagedFiles: damaged, Services: {KUBELET: service}})
    return run(packages_whole, host, packages=PACKAGES, source_name="kubernetes")


@pytest.mark.parametrize(
    "damaged",
    [(), (Damage("kubelet", "/var/lib/kubelet/.kubelet-keep"),), (Damage("kubelet", "/etc/default/kubelet", True),)],
    ids=["whole", "a keeper of a folder", "the administrator's file, and the kubelet runs"],
)
def test_whole_packages_are_left(damaged):
    assert whole(*damaged).noop == "kubelet, kubernetes-cni are whole"


def test_a_damaged_package_is_installed_again_in_its_exact_version():
    (command,) = whole(Damage("kubelet", "/usr/bin/kubelet"), Damage("kubelet", "/usr/lib/x")).shell
    assert "kubelet=1.31.13-1.1 && apt-mark hold kubelet" in command
    assert "kubernetes-cni" not in command
    assert "install --yes --reinstall" in command
    assert "--force-confmiss" in command
    assert "confnew" not in command


def test_the_administrators_file_is_put_back_where_the_kubelet_does_not_run():
    (command,) = whole(Damage("kubelet", "/etc/default/kubelet", True), service=DEAD).shell
    assert "--force-confask" in command
    assert "--force-confnew" in command


CLUSTERS = "# of the cluster\ncgroupDriver: systemd\nclusterDNS: [172.20.0.10]\n"
ARGUMENTS = render("kubeadm-flags.env.j2", node_address="10.9.8.7", sandbox_image="registry.k8s.io/pause:3.10")


def files(texts, keep_flags=False, clusters=CLUSTERS, **facts):
    host = node({FileTexts: texts, FileStates: {}, **facts})
    api = control_plane(facts={ClusterKubeletConfig: clusters})
    return run(kubelet_files, host, control_plane=api, flags=ARGUMENTS, keep_flags=keep_flags)


def test_files_that_mean_the_same_are_left():
    same = "clusterDNS:\n- 172.20.0.10\ncgroupDriver: systemd\n"
    assert files({CONFIG: same, FLAGS: ARGUMENTS}).noop


@pytest.mark.parametrize("text", [None, "", "[]", "cgroupDriver: [", "cgroupDriver: cgroupfs\n", CLUSTERS + "x: 1\n"])
def test_a_configuration_that_differs_is_the_clusters_again(text):
    outcome = files({FLAGS: ARGUMENTS, **({} if text is None else {CONFIG: text})})
    assert outcome.uploads == {"/var/lib/kubelet/config.yaml": CLUSTERS.encode()}


@pytest.mark.parametrize("text", [None, "", 'KUBELET_KUBEADM_ARGS="--nope"\n'])
def test_flags_that_differ_are_kubeadms_again(text):
    outcome = files({CONFIG: CLUSTERS, **({} if text is None else {FLAGS: text})})
    assert outcome.uploads == {"/var/lib/kubelet/kubeadm-flags.env": ARGUMENTS.encode()}


def test_flags_somebody_else_chose_are_kept_but_not_missing_ones():
    foreign = 'KUBELET_KUBEADM_ARGS="--cloud-provider=external"\n'
    assert files({CONFIG: CLUSTERS, FLAGS: foreign}, keep_flags=True).noop
    assert files({CONFIG: CLUSTERS, FLAGS: ""}, keep_flags=True).uploads


def test_without_the_clusters_word_nothing_is_written():
    outcome = files({}, clusters=None)
    (refusal,) = outcome.shell
    assert b"cp: its API does not say how kubelets are configured" in sh(refusal).stderr
