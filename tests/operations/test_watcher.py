"""The watcher's installation: what each operation yields on hosts in every state, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pyinfra.api import OperationError

from kubestead.facts.files import FileStates, FileTexts
from kubestead.facts.manifest import (
    LeaseHolder,
    ManifestApplied,
    NamedObjects,
    ServiceAccountToken,
    ServiceAccountTokens,
)
from kubestead.facts.systemd import UnitState, UnitStates
from kubestead.facts.watcher import WatcherHost, WatcherHostFacts
from kubestead.facts.watcher_reach import WatcherReach
from kubestead.operations import watcher, watcher_rights, watcher_works
from kubestead.watchhost import places
from kubestead.watchhost.bundle import Bundle
from kubestead.watchhost.files import Target
from tests.operations.harness import Host, run
from tests.shell import sh

KEY = "ssh-ed25519 AAAAcp kubestead-watch@cp"
BARE = WatcherHost("ubuntu", "ubuntu", "/home/ubuntu", "3.10")
INSTALLED = WatcherHost(
    "ubuntu", "ubuntu", "/home/ubuntu", "3.10", "k1", KEY, (f"user {places.USER}", places.CONFIGURATION, places.STATE)
)
BUNDLE = Bundle("k1", Path("/cache/bundle.tar.gz"), "ab" * 32)


def test_the_software_in_force_is_not_sent_again():
    assert run(watcher.install_software, {WatcherHostFacts: INSTALLED}, bundle=BUNDLE).noop == "k1 is in force"


@pytest.mark.parametrize("known", [None, BARE, INSTALLED], ids=["cannot tell", "none yet", "an older one"])
def test_software_is_sent_checked_and_only_then_put_in_force(known):
    newer = Bundle("k2", BUNDLE.archive, BUNDLE.sha256)
    yielded = run(watcher.install_software, {WatcherHostFacts: known}, bundle=newer).yielded
    assert [type(command).__name__ for command in yielded] == ["StringCommand", "FileUploadCommand", "StringCommand"]
    assert (yielded[1].src, yielded[1].dest) == ("/cache/bundle.tar.gz", "/opt/kubestead/.k2.tar.gz")
    script = yielded[2].get_raw_value()
    order = [
        script.index(words) for words in ("sha256sum --check", "tar --extract", "-m venv", "watch --help", "ln -sfn")
    ]
    assert order == sorted(order)


def test_a_key_that_is_there_stays():
    outcome = run(watcher.own_user_and_key, Host({WatcherHostFacts: INSTALLED}, "cp"))
    assert outcome.noop == "made: kubestead-watch@cp"
    assert outcome.host.data["watcher_key"] == KEY


def test_a_key_is_made_by_the_watchers_own_user_and_remembered():
    host = Host({WatcherHostFacts: iter([BARE, INSTALLED])}, "cp")
    outcome = run(watcher.own_user_and_key, host)
    user, folders, links, key = outcome.shell
    assert "useradd --system --user-group --no-create-home" in user
    assert folders == f"install -d -m 700 -o {places.USER} -g {places.USER} {places.STATE} {places.STATE}/ssh"
    assert links.endswith(f"{places.CURRENT}/app/deploys {places.CURRENT}/app/config.py")
    assert f"runuser -u {places.USER} -- ssh-keygen -q -t ed25519 -N '' -C kubestead-watch@cp" in key
    assert host.data["watcher_key"] is None
    assert outcome.call() is True
    assert host.data["watcher_key"] == KEY


def test_a_key_that_could_not_be_made_fails():
    assert run(watcher.own_user_and_key, Host({WatcherHostFacts: iter([BARE, BARE])}, "cp")).call() is False


def kubeconfig(tokens: dict[str, ServiceAccountToken], states: dict[str, object] | None = None):
    control_plane = Host({ServiceAccountTokens: tokens}, "cp")
    facts = Host({FileStates: states or {}}, "cp")
    return run(watcher.own_kubeconfig, facts, control_plane=control_plane, server="https://192.0.2.1:6443")


def test_the_kubeconfig_holds_the_hosts_own_token_for_the_watcher_to_read():
    tokens = {
        "kubestead-watch-cp": ServiceAccountToken("secret", "CA"),
        "kubestead-watch-w": ServiceAccountToken("x", "y"),
    }
    outcome = kubeconfig(tokens)
    ((path, text),) = outcome.uploads.items()
    assert path == "/etc/kubestead-watch/kubeconfig"
    content = yaml.safe_load(text)
    assert content["users"][0]["user"] == {"token": "secret"}
    assert content["clusters"][0]["cluster"] == {"server": "https://192.0.2.1:6443", "certificate-authority-data": "CA"}
    assert "\nput 640 root:kubestead-watch " in outcome.shell[-1]
    assert not any("secret" in command for command in outcome.shell)


def test_a_token_that_is_not_there_is_named():
    (command,) = kubeconfig({}).shell
    assert b"cp: the Secret kubestead-watch-cp has no token" in sh(command).stderr


def test_the_configuration_is_for_the_watcher_and_root_alone():
    contents = {places.SITE: "hosts: {}\n", places.GROUP_DATA: "a = 1\n"}
    outcome = run(watcher.configuration, {WatcherHostFacts: BARE, FileStates: {}}, contents=contents)
    assert outcome.shell[0] == (
        f"install -d -m 750 -o root -g {places.USER} {places.CONFIGURATION} {places.CONFIGURATION}/group_data"
    )
    assert len(outcome.uploads) == 2
    again = run(watcher.configuration, {WatcherHostFacts: INSTALLED, FileStates: {}}, contents=contents)
    assert not again.shell[0].startswith("install")


def test_nothing_is_removed_where_nothing_is():
    assert run(watcher.remove_watcher, {WatcherHostFacts: BARE}).noop == "there is no watcher here"


def test_a_removal_takes_everything():
    text = "\n".join(run(watcher.remove_watcher, {WatcherHostFacts: INSTALLED}).shell)
    for part in (places.UNIT_FILE, places.CLEANING, places.SOFTWARE, places.CONFIGURATION, places.STATE, "userdel"):
        assert part in text
    assert text.index("systemctl disable --quiet --now") < text.index("rm -rf")


FOREIGN = "ssh-ed25519 AAAAme me@laptop\n# kubestead-watch@ is not ours here\n"
LINE = 'from="192.0.2.1",restrict ssh-ed25519 AAAAcp kubestead-watch@cp'


def authorise(text: str | None, *keys: str | None, executing: bool = True):
    path = "/home/ubuntu/.ssh/authorized_keys"
    texts = {} if text is None else {path: text}
    facts = {WatcherHostFacts: BARE, FileTexts: texts, FileStates: {}}
    names = [f"cp{number or ''}" for number in range(len(keys))]
    watchers = [
        watcher_rights.Watcher(Host({}, name), f"192.0.2.{number}", key)
        for number, (name, key) in enumerate(zip(names, keys, strict=True), 1)
    ]
    return run(watcher_rights.authorise, facts, executing=executing, watchers=watchers)


def test_a_watcher_is_let_in_from_its_own_address_beside_everybody_else():
    outcome = authorise(FOREIGN, KEY)
    ((path, text),) = outcome.uploads.items()
    assert path == "/home/ubuntu/.ssh/authorized_keys"
    assert text.decode() == f"{FOREIGN}{LINE}\n"
    assert "\nput 600 ubuntu:ubuntu " in outcome.shell[-1]


def test_a_watcher_that_is_let_in_already_changes_nothing():
    assert authorise(f"{FOREIGN}{LINE}\n", KEY).noop == "1 watchers may log in as ubuntu"


def test_an_older_watchers_line_goes():
    old = 'from="192.0.2.9",restrict ssh-ed25519 AAAAold kubestead-watch@gone\n'
    (text,) = authorise(old + FOREIGN, KEY).uploads.values()
    assert text.decode() == f"{FOREIGN}{LINE}\n"
    (text,) = authorise(old + FOREIGN).uploads.values()
    assert text.decode() == FOREIGN


def test_without_a_watcher_a_file_that_is_not_there_is_not_made():
    assert authorise(None).noop


def test_a_missing_file_is_made_with_its_folder():
    outcome = authorise(None, KEY)
    assert outcome.shell[0] == "install -d -m 700 -o ubuntu -g ubuntu /home/ubuntu/.ssh"
    assert list(outcome.uploads.values()) == [f"{LINE}\n".encode()]


def test_a_key_that_is_made_in_this_very_run_is_a_change_while_planning():
    assert authorise(FOREIGN, None, executing=False).shell == ["true"]


def test_a_key_that_is_none_is_never_written():
    with pytest.raises(ValueError, match="not an ed25519"):
        authorise(FOREIGN, "ssh-ed25519 AAAA x\nssh-rsa BBBB")


def test_a_host_that_cannot_tell_its_user_is_refused():
    with pytest.raises(OperationError, match="who it is SSH logs in as"):
        run(watcher_rights.authorise, {WatcherHostFacts: None}, watchers=[])


def grant(applied: bool | None, *tokens: str):
    present = {name: ServiceAccountToken("t", "c") for name in tokens}
    return run(watcher_rights.grant, {ManifestApplied: applied, ServiceAccountTokens: present}, watchers=["cp"])


def test_rights_that_are_granted_stay():
    assert grant(True, "kubestead-watch-cp").noop == "granted"


@pytest.mark.parametrize("applied", [False, None])
def test_rights_are_applied_and_the_token_is_waited_for(applied):
    outcome = grant(applied)
    assert "kubectl --kubeconfig /etc/kubernetes/admin.conf apply --filename=-" in outcome.shell[0]
    assert "wait --timeout=30s" in outcome.shell[1]
    assert "secret/kubestead-watch-cp" in outcome.shell[1]
    assert outcome.yielded[0].connector_arguments["_stdin"] == watcher_rights.rights(["kubestead-watch-cp"])


def test_the_token_of_a_host_that_watches_no_more_goes():
    assert (
        grant(True, "kubestead-watch-cp", "kubestead-watch-old")
        .shell[-1]
        .endswith("delete secret > /dev/null kubestead-watch-old")
    )


def test_the_rights_are_what_the_watcher_uses_and_no_more():
    documents = list(yaml.safe_load_all(watcher_rights.rights(["kubestead-watch-cp"])))
    rules = {
        (one["kind"], one["metadata"].get("namespace"), resource, verb)
        for one in documents
        for rule in one.get("rules", ())
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    everywhere = {rule[2:] for rule in rules if rule[0] == "ClusterRole"}
    nodes = {("nodes", verb) for verb in ("get", "list", "watch", "patch")}
    assert everywhere == nodes | {("pods", "list"), ("namespaces", "get")}
    assert not {rule for rule in rules if rule[3] in ("*", "delete", "deletecollection", "escalate", "bind")}
    assert not {rule for rule in rules if rule[2] in ("secrets", "*")}
    named = [rule for one in documents for rule in one.get("rules", ()) if {"update", "patch"} & set(rule["verbs"])]
    assert all(rule.get("resourceNames") for rule in named if rule["resources"] != ["nodes"])


def test_nothing_is_revoked_where_nothing_was_granted():
    assert run(watcher_rights.revoke, {NamedObjects: ()}).noop


def test_a_revocation_takes_rights_tokens_lease_and_history():
    outcome = run(watcher_rights.revoke, {NamedObjects: ("serviceaccount/kubestead-watch",)})
    assert "delete --ignore-not-found --filename=-" in outcome.shell[0]
    assert outcome.shell[1].endswith("secret --selector app.kubernetes.io/name=kubestead-watch")
    assert outcome.shell[2].endswith("lease/kubestead-recovery configmap/kubestead-recovery")


def test_the_names_are_those_the_watcher_uses():
    from kubestead.watch import election, ledger

    assert (places.NAMESPACE, places.LEASE) == (election.NAMESPACE, election.NAME)
    assert (places.NAMESPACE, places.HISTORY) == (ledger.NAMESPACE, ledger.NAME)


TARGETS = [Target(name, "workers", f"192.0.2.{n}", 22, "root", False, "k", {}) for n, name in enumerate(("a", "b"))]


def test_a_watcher_that_reaches_every_node_is_well():
    told = {"a": None, "b": None}
    assert run(watcher_works.reaches_every_node, {WatcherReach: told}, targets=TARGETS).noop == "it logs in to a, b"


@pytest.mark.parametrize("told", [{"a": None}, {"a": None, "b": "Permission denied"}], ids=["silent", "refused"])
def test_a_node_it_cannot_log_in_to_is_named(told):
    (command,) = run(watcher_works.reaches_every_node, {WatcherReach: told}, targets=TARGETS).shell
    said = sh(command).stderr.decode()
    assert f"b: {told.get('b', 'no answer')}" in said
    assert "a: " not in said


UP, DOWN = (UnitState("loaded", state, "enabled", False) for state in ("active", "failed"))


def one_leads(unit: UnitState, *leases: tuple[str, str] | None):
    host = Host({UnitStates: {places.UNIT: unit}}, "cp")
    return run(watcher_works.one_leads, Host({LeaseHolder: iter(leases)}, "cp"), watchers=[host])


def test_a_lease_that_is_being_renewed_has_a_living_holder(monkeypatch):
    monkeypatch.setattr(watcher_works.time, "sleep", lambda seconds: None)
    assert one_leads(UP, None, ("cp_1", "t1"), ("cp_1", "t1"), ("cp_1", "t2")).noop == "watched"


@pytest.mark.parametrize(("unit", "words"), [(UP, "nobody renews"), (DOWN, "is not active on cp")])
def test_a_lease_nobody_renews_is_a_failure(monkeypatch, unit, words):
    clock = iter(range(0, 1000, 20))
    monkeypatch.setattr(watcher_works.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(watcher_works.time, "monotonic", lambda: next(clock))
    (command,) = one_leads(unit, *[("cp_1", "t1")] * 9).shell
    assert words in sh(command).stderr.decode()
