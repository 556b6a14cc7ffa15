"""The signed repository, and packages of exact versions, held."""

from __future__ import annotations

import hashlib

import pytest

from kubestead.catalog import AptRepository
from kubestead.facts.files import FileState, FileStates, FileTexts
from kubestead.facts.packages import AptSourcesNaming, InstalledPackages, Package
from kubestead.operations import packages
from tests.operations.harness import Outcome, run
from tests.shell import sh

FINGERPRINT = "AB" * 20
SOURCE = AptRepository(
    url="http://mirror/apt/", key_url="http://mirror/key.asc", key_fingerprint=FINGERPRINT, packages={}
)
KEYRING = "/etc/apt/keyrings/kubernetes.asc"
LIST = "/etc/apt/sources.list.d/kubernetes.sources"
TEXT = f"# Written by kubestead.\nTypes: deb\nURIs: http://mirror/apt/\nSuites: /\nSigned-By: {KEYRING}\n"
WRITTEN = {LIST: FileState(hashlib.sha256(TEXT.encode()).hexdigest(), "644", "root:root")}
SHA256 = hashlib.sha256(b"key").hexdigest()
TRUSTED = {KEYRING: "key", f"{KEYRING}.fingerprint": f"{FINGERPRINT}\n{SHA256}\n"}


def repository(texts: dict[str, str], states: dict[str, FileState], named: dict[str, str] | None = None) -> Outcome:
    facts = {FileTexts: texts, FileStates: states, AptSourcesNaming: named or {}}
    return run(packages.repository, facts, repository_name="kubernetes", source=SOURCE)


def test_a_trusted_repository_is_left():
    outcome = repository(TRUSTED, WRITTEN, named={LIST: TEXT})
    assert outcome.commands == []
    assert outcome.noop


@pytest.mark.parametrize(
    "texts",
    [
        {},
        {KEYRING: "key"},
        {**TRUSTED, f"{KEYRING}.fingerprint": "CD" * 20},
        {**TRUSTED, KEYRING: "edited"},
        {f"{KEYRING}.fingerprint": TRUSTED[f"{KEYRING}.fingerprint"]},
        {**TRUSTED, f"{KEYRING}.fingerprint": f"{FINGERPRINT}\n"},
    ],
    ids=["nothing", "unknown key", "another key", "edited", "keyring removed", "its digest is not known"],
)
def test_the_key_is_fetched_when_it_is_not_the_catalogs(texts):
    (script,) = repository(texts, WRITTEN).shell
    assert "http://mirror/key.asc" in script
    assert FINGERPRINT in script


def test_the_repository_is_written_when_it_differs():
    outcome = repository(TRUSTED, {})
    assert outcome.uploads == {"/etc/apt/sources.list.d/kubernetes.sources": TEXT.encode()}


def test_another_entry_for_the_repository_is_turned_off():
    """With two keys for one repository apt reads nothing at all."""
    by_hand = (
        "deb [signed-by=/etc/apt/keyrings/by-hand.gpg] http://mirror/apt/ /\ndeb http://deb.debian.org/debian x main\n"
    )
    outcome = repository(TRUSTED, WRITTEN, named={"/etc/apt/sources.list": by_hand})
    (text,) = outcome.uploads.values()
    lines = text.decode().splitlines()
    assert lines[-1] == "deb http://deb.debian.org/debian x main"
    assert [line for line in lines if "mirror" in line and not line.startswith("#")] == []


WANTED = {"kubelet": "1.31.13-1.1", "kubeadm": "1.31.13-1.1"}
RIGHT = Package("1.31.13-1.1", held=True)


def exact(**installed: Package) -> list[str]:
    facts = {InstalledPackages: installed}
    return run(packages.exact_versions, facts, packages=WANTED, source_name="kubernetes").shell


def test_right_and_held_packages_are_left():
    facts = {InstalledPackages: {"kubelet": RIGHT, "kubeadm": RIGHT}}
    outcome = run(packages.exact_versions, facts, packages=WANTED, source_name="kubernetes")
    assert (outcome.commands, outcome.noop) == ([], "kubelet, kubeadm installed and held")


def test_a_loose_package_is_only_held():
    assert exact(kubelet=RIGHT, kubeadm=Package("1.31.13-1.1", held=False)) == ["apt-mark hold kubeadm"]


@pytest.mark.parametrize("version", [None, "1.32.0-1.1"])
def test_a_missing_or_other_version_is_installed_with_all_and_held(version):
    other = {"kubeadm": Package(version, held=True)} if version else {}
    install, hold = exact(kubelet=RIGHT, **other)
    assert install.count("kubelet=1.31.13-1.1 kubeadm=1.31.13-1.1") == 2
    assert "update -qq -o Dir::Etc::sourcelist=sources.list.d/kubernetes.sources" in install
    assert hold == "apt-mark hold kubeadm"


@pytest.mark.parametrize(
    ("apt", "succeeds", "calls"),
    [
        ("exit 0", True, "update install"),
        ("[ $1 = update ] || [ $(wc -l < log) = 4 ]", True, "update install update install"),
        ("[ $1 = update ]", False, "update install update install"),
        ("exit 1", False, "update"),
    ],
    ids=["at once", "after the distribution's lists were read again", "never", "no repository"],
)
def test_the_installation_is_tried_again_with_fresh_lists(tmp_path, apt, succeeds, calls):
    """apt-get is played by a script that writes down what it is asked for."""
    (tmp_path / "apt").write_text(f"#!/bin/sh\necho $1 >> log\n{apt}\n")
    (tmp_path / "apt").chmod(0o755)

    done = sh(f"cd {tmp_path}; {exact()[0].replace('apt-get -o DPkg::Lock::Timeout=600', './apt')}")

    assert (done.returncode == 0) is succeeds
    assert (tmp_path / "log").read_text().split() == calls.split()
