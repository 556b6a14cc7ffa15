"""What --diff shows of operations: what changes, once, and no secret."""

from __future__ import annotations

import logging
from typing import Any

import click
import pytest
import yaml

from kubestead.facts.files import FileState, FileStates, FileTexts
from kubestead.facts.helm import HelmRelease, Release
from kubestead.facts.kernel import KernelSettings
from kubestead.facts.packages import InstalledPackages, Package
from kubestead.facts.systemd import UnitState, UnitStates
from kubestead.operations import kernel, packages
from kubestead.operations.files import TextFile, install_files
from kubestead.operations.helm import release
from kubestead.operations.kubeconfig import ADMIN_CONF, fetch_kubeconfig
from kubestead.operations.systemd import service
from tests.operations.harness import Facts, Host, run

TOKEN, OLD_TOKEN = "eyTOKEN-of-now-123456", "eyTOKEN-of-old-654321"
OLDER = FileState("00", "644", "root:root")


@pytest.fixture
def shown(caplog: pytest.LogCaptureFixture) -> Any:
    """The lines an operation shows while it is planned, and its commands."""

    def plan(
        operation: Any, facts: Facts, *, diff: bool = True, executing: bool = False, **arguments: Any
    ) -> list[str]:
        caplog.clear()
        host = Host(facts)
        host.state.config.DIFF, host.state.check_for_changes = diff, True
        with caplog.at_level(logging.INFO):
            assert run(operation, host, executing=executing, **arguments).commands
        return [click.unstyle(record.getMessage()).strip() for record in caplog.records]

    return plan


def test_a_file_that_changes_is_shown_line_by_line(shown):
    facts = {FileStates: {"/a": FileState("00", "600", "nobody:root")}, FileTexts: {"/a": "one\ntwo\n"}}
    lines = shown(install_files, facts, files=[TextFile("/a", "one\n2\n")])
    assert lines == ["/a: 600 nobody:root -> 644 root:root", "/a:", "@@ -1,2 +1,2 @@", "one", "-two", "+2"]


def test_a_new_file_is_shown_whole(shown):
    facts = {FileStates: {}, FileTexts: {}}
    assert shown(install_files, facts, files=[TextFile("/a", "1\n")]) == ["/a (new):", "@@ -0,0 +1 @@", "+1"]


@pytest.mark.parametrize(("diff", "executing"), [(False, False), (True, True)], ids=["not asked for", "shown before"])
def test_nothing_is_shown_unasked_or_twice(shown, diff, executing):
    facts = {FileStates: {}, FileTexts: {}}
    assert shown(install_files, facts, files=[TextFile("/a", "1\n")], diff=diff, executing=executing) == []


def test_what_a_file_marks_as_secret_is_masked_and_so_is_what_was_there(shown):
    facts = {FileStates: {"/a": OLDER}, FileTexts: {"/a": f"x: 1\ntoken: {OLD_TOKEN}\n"}}
    lines = shown(install_files, facts, files=[TextFile("/a", f"x: 2\ntoken: {TOKEN}\n", secrets=(TOKEN,))])
    assert lines[2:] == ["-x: 1", "-token: *MASKED*", "+x: 2", "+token: *MASKED*"]


def test_a_file_says_no_secret_when_it_is_printed():
    assert TOKEN not in repr(TextFile("/a", f"token: {TOKEN}", secrets=(TOKEN,)))


def test_helm_values_are_shown_and_their_keys_masked(shown):
    before = Release(
        "1.18.4", "deployed", 3, {"ratio": 0, "replicas": 1, "tls": {"ca": {"key": OLD_TOKEN, "cert": "public"}}}
    )
    values = {"ratio": 0.0, "replicas": 2, "tls": {"ca": {"key": TOKEN, "cert": "public"}}}
    lines = shown(
        release, {HelmRelease: before, FileStates: {}, FileTexts: {}}, release_name="cilium", namespace="kube-system",
        chart="/chart.tgz", chart_version="1.18.4", values=values,
    )  # fmt: skip
    assert lines == [
        "values of the Helm release cilium:", "@@ -1,6 +1,6 @@", "ratio: 0", "-replicas: 1", "+replicas: 2", "tls:",
        "ca:", "cert: public", "-    key: '*MASKED*'", "+    key: '*MASKED*, another one'",
    ]  # fmt: skip


def test_the_operators_kubeconfig_is_shown_without_its_key(shown, tmp_path):
    def text(server: str, key: str) -> str:
        cluster = {"name": "lab", "cluster": {"server": server}}
        return yaml.safe_dump({"clusters": [cluster], "users": [{"name": "a", "user": {"client-key-data": key}}]})

    path = tmp_path / "kubeconfig"
    path.write_text(text("https://old:6443", OLD_TOKEN))
    facts = {FileTexts: {ADMIN_CONF: text("https://k8s-api:6443", TOKEN)}}
    lines = "\n".join(shown(fetch_kubeconfig, facts, destination=str(path), server="https://new:6443"))
    assert "-    server: https://old:6443" in lines
    assert "+    server: https://new:6443" in lines
    assert lines.count("client-key-data: *MASKED*") == 2
    assert TOKEN not in lines
    assert OLD_TOKEN not in lines


def test_a_kubeconfig_that_is_none_shows_nothing_of_itself(shown, tmp_path):
    path = tmp_path / "kubeconfig"
    path.write_text(f"half a file with {OLD_TOKEN}")
    facts = {FileTexts: {ADMIN_CONF: "clusters: []\n"}}
    lines = shown(fetch_kubeconfig, facts, destination=str(path), server="https://new:6443")
    assert lines[2] == "-*MASKED* (no newline at the end)"


def test_settings_packages_and_services_say_from_what_to_what(shown):
    facts = {FileStates: {}, FileTexts: {}, KernelSettings: {"a": "0"}}
    assert shown(kernel.settings, facts, values={"a": "1", "b": "2"})[:2] == ["a: 0 -> 1", "b: not there -> 2"]

    facts = {InstalledPackages: {"kubelet": Package("1.0", held=True)}}
    lines = shown(packages.exact_versions, facts, packages={"kubelet": "2.0", "kubectl": "2.0"}, source_name="x")
    assert lines == ["package kubelet: 1.0, held -> 2.0, held", "package kubectl: not there -> 2.0, held"]

    facts = {UnitStates: {"x.service": UnitState("loaded", "inactive", "disabled", False)}}
    assert shown(service, facts, unit="x.service") == ["x.service: inactive, disabled -> enable, start"]
