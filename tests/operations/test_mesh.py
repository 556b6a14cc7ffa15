"""A card is written where it differs, its key asked for only then; agents are waited for; who is missing is told."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kubestead.cilium.meshcard import Card, read_card
from kubestead.facts.mesh import MeshCertificate, RemoteCluster, RemoteClusters
from kubestead.operations import mesh
from tests.operations.harness import Host, run
from tests.unit.cilium.test_mesh import KEY, card_of

OWN = MeshCertificate("ca", "certificate", hashlib.sha256(KEY.encode()).hexdigest())
READY, CONNECTING = RemoteCluster(True, "etcd: 1/1 connected"), RemoteCluster(False, "")


class Asked(Host):
    """A host that gives its key."""

    def run_shell_command(self, command: Any, **_: Any) -> Any:
        assert "get secret clustermesh-apiserver-remote-cert" in str(command)
        lines = [base64.b64encode(KEY.encode()).decode()]
        return True, SimpleNamespace(stdout_lines=lines, stderr_lines=[])


def make(key: str) -> Card:
    return card_of(2).model_copy(update={"key": key})


def written(path: Path, present: Card | None, certificate: MeshCertificate = OWN) -> Any:
    host = Asked({})
    host.connected = True
    return run(mesh.card_written, host, path=path, present=present, certificate=certificate, make=make)


def test_a_card_is_written_for_its_owner_alone_and_once(tmp_path: Path) -> None:
    path = tmp_path / "mesh" / "c2.yaml"
    assert written(path, None).call()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert read_card(path) == make(KEY)
    assert written(path, read_card(path)).noop


def test_a_card_is_written_anew_for_another_key_or_another_place(tmp_path: Path) -> None:
    path = tmp_path / "c2.yaml"
    assert not written(path, make(KEY), MeshCertificate("ca", "certificate", "0" * 64)).noop
    assert not written(path, make(KEY).model_copy(update={"addresses": ("https://192.0.2.77:32379",)})).noop


def test_a_folder_that_cannot_be_written_fails_in_words(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "mesh").touch()
    assert not written(tmp_path / "mesh" / "c2.yaml", None).call()


def test_kubelets_look_at_once_where_the_secrets_changed() -> None:
    for change in (True, False):
        after = SimpleNamespace(is_complete=lambda: True, did_change=lambda c=change: c)
        done = run(mesh.secrets_mounted, {}, after=after)
        assert (len(done.shell) == 1) is change
        if change:
            assert "annotate pods --overwrite" in done.shell[0]


def test_every_agent_is_waited_for() -> None:
    answers = iter(
        [
            None,
            {"one": {"beta": READY}, "two": {}},
            {"one": {"beta": READY}, "two": {"beta": CONNECTING}},
            {"one": {"beta": READY}, "two": {"beta": READY}},
        ]
    )
    host = Host({RemoteClusters: answers})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mesh.time, "sleep", lambda _: None)
        done = run(mesh.clusters_connected, host, names=["beta"], within_seconds=60)
    assert done.noop == "every agent knows beta"
    assert next(answers, None) is None


def test_agents_that_do_not_connect_are_named_with_what_they_say() -> None:
    lost = RemoteCluster(False, "Waiting for initial connection")
    facts = {RemoteClusters: {"one": {"beta": READY}, "two": {"beta": lost}}}
    (command,) = run(mesh.clusters_connected, facts, names=["beta", "gamma"], within_seconds=0).shell
    for words in ("two: beta (Waiting for initial connection)", "one: gamma (not known yet)", "kvstoremesh"):
        assert words in command
    assert "one: beta" not in command
    assert run(mesh.clusters_connected, facts, executing=False, names=["beta"], within_seconds=0).noop


def test_no_agent_is_not_every_agent() -> None:
    assert mesh.missing({}, ["beta"]) == ["an agent"]
    assert mesh.missing(None, ["beta"]) == ["the API's answer"]


def test_who_has_handed_over_no_card_is_told() -> None:
    assert run(mesh.cards_there, {}, missing={}).noop
    (command,) = run(mesh.cards_there, {}, missing={"beta": Path("mesh/beta.yaml")}).shell
    assert "beta has not handed over its card (mesh/beta.yaml)" in command
